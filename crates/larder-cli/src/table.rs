//! Rows with columns that stand below each other.

/// On which side of its column a cell stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A line with the columns' names, and one for each row. The last column is as wide as it has to be.
pub(crate) fn lines(
    head: &[(&str, Align)],
    rows: impl Iterator<Item = Vec<String>>,
) -> Vec<String> {
    let names = head.iter().map(|(name, _)| (*name).to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(names).chain(rows).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for ((cell, (_, align)), width) in row.iter().zip(head).zip(&widths) {
            let room = " ".repeat(width.saturating_sub(cell.chars().count()));
            if !line.is_empty() {
                line.push_str("  ");
            }
            match align {
                Align::Left => line.extend([cell, room.as_str()]),
                Align::Right => line.extend([room.as_str(), cell]),
            }
        }
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let head = [("A", Align::Left), ("B", Align::Right), ("C", Align::Left)];
        let rows = [
            vec!["ü".into(), "10".into(), "x".into()],
            vec!["abc".into(), "1".into(), String::new()],
        ];
        assert_eq!(
            lines(&head, rows.into_iter()),
            ["A     B  C", "ü    10  x", "abc   1"]
        );
    }
}
