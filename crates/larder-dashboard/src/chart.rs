//! Charts, as SVG in the page.

use std::fmt::Write;

use larder_report::SLICE;

/// The size in the chart's own units; the page gives it its width.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 110.0;

/// So many slices are shown: ten minutes.
const SLICES: u64 = 60;

/// Bars over time, each made of parts that stand on each other. Parts are numbers by class of style.
///
/// `bars` are times in milliseconds, with one number for each class.
pub(crate) fn over_time(
    name: &str,
    classes: &[&str],
    bars: &[(u64, Vec<u64>)],
    now: u64,
) -> String {
    let width = u64::try_from(SLICE.as_millis()).unwrap_or(u64::MAX);
    let end = now - now % width;
    let start = end.saturating_sub((SLICES - 1) * width);
    let max = bars
        .iter()
        .map(|(_, parts)| parts.iter().sum::<u64>())
        .max();
    let max = max.unwrap_or(0).max(1) as f64;
    let step = WIDTH / SLICES as f64;
    let mut svg = open(name);
    for (at, parts) in bars.iter().filter(|(at, _)| (start..=end).contains(at)) {
        let x = (at - start) as f64 / width as f64 * step;
        let mut top = HEIGHT;
        for (part, class) in parts.iter().zip(classes) {
            let height = *part as f64 / max * HEIGHT;
            top -= height;
            if *part > 0 {
                bar(&mut svg, class, (x, top, step - 2.0, height.max(1.0)));
            }
        }
    }
    svg.push_str("</svg>");
    svg
}

/// One bar for each number.
pub(crate) fn bars(name: &str, class: &str, numbers: &[u64]) -> String {
    let max = numbers.iter().max().copied().unwrap_or(0).max(1) as f64;
    let step = WIDTH / numbers.len().max(1) as f64;
    let mut svg = open(name);
    for (place, number) in numbers
        .iter()
        .enumerate()
        .filter(|(_, number)| **number > 0)
    {
        let height = (*number as f64 / max * HEIGHT).max(1.0);
        let x = place as f64 * step;
        bar(&mut svg, class, (x, HEIGHT - height, step - 3.0, height));
    }
    svg.push_str("</svg>");
    svg
}

/// `name` is the page's own, never anybody's data.
fn open(name: &str) -> String {
    format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"{name}\"><line class=\"base\" x1=\"0\" y1=\"{HEIGHT}\" x2=\"{WIDTH}\" y2=\"{HEIGHT}\"/>"
    )
}

fn bar(svg: &mut String, class: &str, (x, y, width, height): (f64, f64, f64, f64)) {
    // Writing to a string cannot fail.
    let _ = write!(
        svg,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
    );
}
