//! The chart: a row for each workload, a dot for each engine, on a logarithmic scale.

use std::fmt::Write;

/// An engine's dots.
pub struct Series {
    /// The engine.
    pub name: &'static str,
    /// A CSS colour.
    pub colour: &'static str,
    /// Run time by workload, as a multiple of the base's; none where it does not run.
    pub values: Vec<Option<f64>>,
}

const WIDTH: f64 = 820.0;
const LEFT: f64 = 130.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 84.0;
const ROW: f64 = 20.0;
const LEGEND_COLUMNS: usize = 4;

/// Multiples at the left and the right edge; dots beyond are drawn at the edge.
const RANGE: (f64, f64) = (0.5, 16.0);

/// Draws the chart as SVG. `base` is the engine whose run time is 1.
pub fn draw(base: &str, rows: &[&str], series: &[Series]) -> String {
    let bottom = TOP + ROW * rows.len() as f64;
    let height = bottom + 34.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"20\" font-size=\"15\">Run time, {base} = 1 (less is better)</text>\n"
    );
    draw_legend(&mut svg, series);
    draw_grid(&mut svg, bottom);
    for (row, name) in rows.iter().enumerate() {
        let y = TOP + ROW * (row as f64 + 0.5);
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>\n\
             <line x1=\"{LEFT}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\" stroke=\"#eee\"/>",
            LEFT - 8.0,
            y + 4.0,
            WIDTH - RIGHT,
        );
        // The first series is drawn last, above the others.
        for series in series.iter().rev() {
            if let Some(value) = series.values[row] {
                draw_dot(&mut svg, series, value, y);
            }
        }
    }
    svg + "</svg>\n"
}

fn draw_legend(svg: &mut String, series: &[Series]) {
    for (number, series) in series.iter().enumerate() {
        let x = LEFT + 165.0 * (number % LEGEND_COLUMNS) as f64;
        let y = 42.0 + 18.0 * (number / LEGEND_COLUMNS) as f64;
        let _ = writeln!(
            svg,
            "<circle cx=\"{}\" cy=\"{}\" r=\"5\" fill=\"{}\"/><text x=\"{}\" y=\"{y}\">{}</text>",
            x + 5.0,
            y - 4.0,
            series.colour,
            x + 16.0,
            series.name,
        );
    }
}

fn draw_grid(svg: &mut String, bottom: f64) {
    for multiple in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0] {
        let x = position(multiple);
        let colour = if multiple == 1.0 { "#666" } else { "#ccc" };
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\" stroke=\"{colour}\"/>\n\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{multiple}</text>",
            bottom + 18.0,
        );
    }
}

fn draw_dot(svg: &mut String, series: &Series, value: f64, y: f64) {
    let _ = writeln!(
        svg,
        "<circle cx=\"{:.1}\" cy=\"{y}\" r=\"5\" fill=\"{}\" fill-opacity=\"0.85\">\
         <title>{}: {value:.2}</title></circle>",
        position(value),
        series.colour,
        series.name,
    );
}

fn position(multiple: f64) -> f64 {
    let (least, most) = RANGE;
    let share = (multiple.clamp(least, most) / least).ln() / (most / least).ln();
    LEFT + share * (WIDTH - LEFT - RIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_a_dot_with_its_figure() {
        let series = [Series {
            name: "Woodfrog",
            colour: "green",
            values: vec![Some(1.5), None],
        }];
        let svg = draw("Cranelift", &["fib", "gemm"], &series);
        assert_eq!(svg.matches("<title>").count(), 1);
        assert!(svg.contains("Woodfrog: 1.50") && svg.contains("Cranelift = 1"));
        assert!(svg.contains(">fib<") && svg.contains(">gemm<") && svg.ends_with("</svg>\n"));
    }

    #[test]
    fn positions_are_logarithmic_and_stay_within_the_chart() {
        let step = position(2.0) - position(1.0);
        assert!((position(4.0) - position(2.0) - step).abs() < 1e-9);
        assert_eq!(position(100.0), position(16.0));
        assert_eq!(position(0.0), LEFT);
    }
}
