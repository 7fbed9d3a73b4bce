//! Charts as SVG: panels with a logarithmic x-axis, lines and bands, readable on white and on black.

use std::fmt::Write as _;

/// One chart.
#[derive(Debug)]
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) x_label: &'static str,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) series: Vec<Series>,
    /// How far below each point of a line that is not dashed its value stands, if it does.
    pub(super) values_below: Option<f64>,
}

/// What is drawn in a chart.
#[derive(Debug)]
pub(super) struct Series {
    /// What it is, for the legend.
    pub(super) label: String,
    /// Which colour.
    pub(super) colour: Colour,
    pub(super) dashed: bool,
    /// Where it is; a band from the second to the third, a line where both are the same.
    pub(super) points: Vec<(f64, f64, f64)>,
}

/// Whose figures they are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Colour {
    Ours,
    Seed,
    Other,
}

/// One axis.
#[derive(Debug)]
pub(super) struct Axis {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) logarithmic: bool,
    /// Where it is marked, and with what.
    pub(super) ticks: Vec<(f64, String)>,
}

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 350.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 16.0;
const BOTTOM: f64 = 44.0;
const TITLE: f64 = 34.0;
const LEGEND_LINE: f64 = 17.0;

const STYLE: &str = "\
.paper{fill:#fff}.ink{fill:#1f2328}.faint{fill:#59636e}.grid{stroke:#d1d9e0;stroke-width:1}\
.ours{stroke:#0969da;fill:#0969da}.seed{stroke:#bc4c00;fill:#bc4c00}.other{stroke:#1a7f37;fill:#1a7f37}\
text{font-family:system-ui,sans-serif;font-size:12px}.title{font-size:14px;font-weight:600}\
.line{fill:none;stroke-width:2}.band{stroke:none;fill-opacity:.35}.dot{stroke:none}\
@media(prefers-color-scheme:dark){.paper{fill:#0d1117}.ink{fill:#f0f6fc}.faint{fill:#9198a1}.grid{stroke:#3d444d}\
.ours{stroke:#58a6ff;fill:#58a6ff}.seed{stroke:#f0883e;fill:#f0883e}.other{stroke:#3fb950;fill:#3fb950}\
.line{fill:none}.band,.dot{stroke:none}}";

/// The panels, two in a row, with a name for those who do not see them.
pub(super) fn page(name: &str, panels: &[Panel]) -> String {
    let (width, height) = (2.0 * WIDTH, HEIGHT * f64::from(u32::try_from(panels.len().div_ceil(2)).unwrap_or(1)));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">\n\
         <style>{STYLE}</style>\n<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n",
        escaped(name)
    );
    for (number, panel) in (0_u32..).zip(panels) {
        let (x, y) = (f64::from(number % 2) * WIDTH, f64::from(number / 2) * HEIGHT);
        let _written = writeln!(svg, "<g transform=\"translate({x} {y})\">\n{}</g>", panel.drawn());
    }
    svg + "</svg>\n"
}

impl Panel {
    fn drawn(&self) -> String {
        let mut svg = format!("<text class=\"ink title\" x=\"{LEFT}\" y=\"24\">{}</text>\n", escaped(&self.title));
        self.draw_axes(&mut svg);
        for (line, series) in (0_u32..).zip(&self.series) {
            self.draw_legend(&mut svg, TITLE + LEGEND_LINE * f64::from(line), series);
            self.draw_series(&mut svg, series);
        }
        svg
    }

    fn top(&self) -> f64 {
        TITLE + 14.0 + LEGEND_LINE * f64::from(u32::try_from(self.series.len()).unwrap_or(0))
    }

    fn x_of(&self, value: f64) -> f64 {
        LEFT + self.x.share(value) * (WIDTH - LEFT - RIGHT)
    }

    fn y_of(&self, value: f64) -> f64 {
        let bottom = HEIGHT - BOTTOM;
        bottom - self.y.share(value) * (bottom - self.top())
    }

    fn draw_axes(&self, svg: &mut String) {
        let (top, bottom) = (self.top(), HEIGHT - BOTTOM);
        for (value, label) in &self.y.ticks {
            let y = self.y_of(*value);
            let _written = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{:.1}\"/><text class=\"faint\" x=\"{:.1}\" y=\"{:.1}\" \
                 text-anchor=\"end\">{label}</text>",
                WIDTH - RIGHT,
                LEFT - 8.0,
                y + 4.0
            );
        }
        for (value, label) in &self.x.ticks {
            let x = self.x_of(*value);
            let _written = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{x:.1} {top:.1}V{bottom:.1}\"/><text class=\"faint\" x=\"{x:.1}\" \
                 y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
                bottom + 17.0
            );
        }
        let middle = LEFT.midpoint(WIDTH - RIGHT);
        let _written = writeln!(
            svg,
            "<text class=\"faint\" x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            bottom + 35.0,
            self.x_label
        );
    }

    fn draw_legend(&self, svg: &mut String, y: f64, series: &Series) {
        let (class, dash) = (series.colour.class(), series.dash());
        let sample = if series.is_band() {
            format!("<rect class=\"band {class}\" x=\"{LEFT}\" y=\"{y:.1}\" width=\"22\" height=\"11\"/>")
        } else {
            format!("<path class=\"line {class}\"{dash} d=\"M{LEFT} {:.1}h22\"/>", y + 6.0)
        };
        let (x, baseline, label) = (LEFT + 30.0, y + 10.0, escaped(&series.label));
        let _written = writeln!(svg, "{sample}<text class=\"ink\" x=\"{x:.1}\" y=\"{baseline:.1}\">{label}</text>");
    }

    fn draw_series(&self, svg: &mut String, series: &Series) {
        let class = series.colour.class();
        let place = |x: f64, y: f64| format!("{:.1} {:.1}", self.x_of(x), self.y_of(y));
        let lower: Vec<_> = series.points.iter().map(|(x, low, _)| place(*x, *low)).collect();
        if series.is_band() {
            let upper: Vec<_> = series.points.iter().rev().map(|(x, _, high)| place(*x, *high)).collect();
            let _written =
                writeln!(svg, "<path class=\"band {class}\" d=\"M{}L{}Z\"/>", lower.join("L"), upper.join("L"));
            return;
        }
        let _written = writeln!(svg, "<path class=\"line {class}\"{} d=\"M{}\"/>", series.dash(), lower.join("L"));
        for (x, y, _) in series.points.iter().filter(|_| !series.dashed) {
            let (x, y) = (self.x_of(*x), self.y_of(*y));
            let _written = writeln!(svg, "<circle class=\"dot {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>");
        }
        // Left of the first point is the axis.
        for (x, value, _) in series.points.iter().skip(1).filter(|_| !series.dashed) {
            let Some(below) = self.values_below else { continue };
            let (x, y, value) = (self.x_of(*x) - 7.0, self.y_of(*value) + below, number(*value));
            let _written =
                writeln!(svg, "<text class=\"ink\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\">{value}</text>");
        }
    }
}

impl Series {
    #[allow(clippy::float_cmp, reason = "a line has the very same number twice")]
    fn is_band(&self) -> bool {
        self.points.iter().any(|(_, low, high)| low != high)
    }

    const fn dash(&self) -> &'static str {
        if self.dashed { " stroke-dasharray=\"6 4\"" } else { "" }
    }
}

impl Colour {
    const fn class(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Seed => "seed",
            Self::Other => "other",
        }
    }
}

impl Axis {
    /// How far along the axis the value is.
    fn share(&self, value: f64) -> f64 {
        let share = if self.logarithmic {
            (value.max(f64::MIN_POSITIVE) / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        };
        share.clamp(0.0, 1.0)
    }
}

/// A whole number, with a comma if it is in the thousands.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.0}");
    match text.split_at_checked(text.len().saturating_sub(3)) {
        Some((thousands, rest)) if !thousands.is_empty() => format!("{thousands},{rest}"),
        Some(_) | None => text,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logarithmic_axis_gives_each_decade_the_same() {
        let axis = Axis { from: 1.0, to: 1000.0, logarithmic: true, ticks: Vec::new() };
        let shares = [1.0, 10.0, 100.0, 1000.0, 5000.0, 0.0].map(|value| (axis.share(value) * 3.0 * 1e6).round() / 1e6);
        assert_eq!(shares, [0.0, 1.0, 2.0, 3.0, 3.0, 0.0]);
    }

    #[test]
    fn what_is_written_is_escaped() {
        assert_eq!([3.0, 999.6, 25_000.0].map(number), ["3", "1,000", "25,000"]);
        assert_eq!(escaped("a < b & \"c\""), "a &lt; b &amp; &quot;c&quot;");
    }
}
