//! Which objects of a graph lie in one circle.

/// For each of `count` objects the number of its circle: two have one number if each is reached from
/// the other. `references` gives what an object refers to.
///
/// Tarjan's algorithm, its way kept in a list so that no depth can exhaust the stack.
pub(super) fn circles<'g>(count: usize, references: impl Fn(usize) -> &'g [usize]) -> Vec<usize> {
    let mut search = Search {
        order: vec![None; count],
        lowest: vec![0; count],
        circle: vec![None; count],
        open: Vec::new(),
        met: 0,
        circles: 0,
    };
    let mut way: Vec<(usize, usize)> = Vec::new();
    for first in 0..count {
        if search.order[first].is_some() {
            continue;
        }
        search.meet(first);
        way.push((first, 0));
        while let Some((at, taken)) = way.last_mut() {
            let at = *at;
            match references(at).get(*taken) {
                Some(&to) => {
                    *taken += 1;
                    match search.order[to] {
                        None => {
                            search.meet(to);
                            way.push((to, 0));
                        }
                        // Met before on a way that is still open: a circle.
                        Some(order) if search.circle[to].is_none() => search.lower(at, order),
                        Some(_) => {}
                    }
                }
                None => {
                    way.pop();
                    search.leave(at);
                    if let Some((outer, _)) = way.last() {
                        search.lower(*outer, search.lowest[at]);
                    }
                }
            }
        }
    }
    search.circle.into_iter().flatten().collect()
}

struct Search {
    /// When an object was met.
    order: Vec<Option<usize>>,
    /// The earliest that is reached from it and still open.
    lowest: Vec<usize>,
    circle: Vec<Option<usize>>,
    /// Those whose circle is not known yet.
    open: Vec<usize>,
    met: usize,
    circles: usize,
}

impl Search {
    fn meet(&mut self, at: usize) {
        self.order[at] = Some(self.met);
        self.lowest[at] = self.met;
        self.met += 1;
        self.open.push(at);
    }

    fn lower(&mut self, at: usize, order: usize) {
        self.lowest[at] = self.lowest[at].min(order);
    }

    /// All that it reaches is known. If nothing of that was met before it, its circle is whole.
    fn leave(&mut self, at: usize) {
        if self.order[at] != Some(self.lowest[at]) {
            return;
        }
        while let Some(member) = self.open.pop() {
            self.circle[member] = Some(self.circles);
            if member == at {
                break;
            }
        }
        self.circles += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_objects_lie_in_one_circle_if_each_reaches_the_other() {
        const COUNT: usize = 6;
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..2_000 {
            let edges: Vec<Vec<usize>> = (0..COUNT)
                .map(|_| (0..COUNT).filter(|_| random.u8(..4) == 0).collect())
                .collect();
            let mut reaches = [[false; COUNT]; COUNT];
            for (from, to) in edges.iter().enumerate() {
                reaches[from][from] = true;
                to.iter().for_each(|to| reaches[from][*to] = true);
            }
            for over in 0..COUNT {
                for from in 0..COUNT {
                    for to in 0..COUNT {
                        reaches[from][to] |= reaches[from][over] && reaches[over][to];
                    }
                }
            }
            let circle = circles(COUNT, |at| &edges[at]);
            assert_eq!(circle.len(), COUNT);
            for left in 0..COUNT {
                for right in 0..COUNT {
                    let one = reaches[left][right] && reaches[right][left];
                    assert_eq!(circle[left] == circle[right], one, "{edges:?}");
                }
            }
        }
    }
}
