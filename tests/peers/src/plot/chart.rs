//! A line chart with a logarithmic axis, on a white background that is legible on dark pages.

use std::path::Path;

use anyhow::{Context, Result};
use plotters::coord::combinators::WithKeyPoints;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::report::grouped;

const SIZE: (u32, u32) = (900, 520);
const FONT: &str = "sans-serif";

/// A chart.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    pub(super) title: &'static str,
    /// The label of the x axis.
    pub(super) over: &'static str,
    /// The labelled positions on the x axis.
    pub(super) ticks: Vec<f64>,
    /// The unit of the y axis, after each number.
    pub(super) unit: &'static str,
    pub(super) series: Vec<Series>,
}

/// A line, without points if nothing was measured.
#[derive(Clone, Debug)]
pub(super) struct Series {
    name: &'static str,
    look: Look,
    points: Vec<(f64, f64)>,
}

/// The style of a line: a colour-blind safe palette, and dashes for horizontal lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Ours,
    OursOtherwise,
    Original,
    Limit,
    Pgbench,
    PgbenchAlone,
}

impl Series {
    pub(super) fn new(name: &'static str, look: Look, points: Vec<(f64, f64)>) -> Self {
        Self { name, look, points }
    }
}

impl Look {
    fn colour(self) -> RGBColor {
        match self {
            Self::Ours => RGBColor(0, 114, 178),
            Self::OursOtherwise => RGBColor(86, 180, 233),
            Self::Original => RGBColor(213, 94, 0),
            Self::Limit => RGBColor(60, 60, 60),
            Self::Pgbench => RGBColor(0, 158, 115),
            Self::PgbenchAlone => RGBColor(204, 121, 167),
        }
    }

    fn is_dashed(self) -> bool {
        matches!(self, Self::Limit | Self::Pgbench | Self::PgbenchAlone)
    }
}

type Axes<'a, 'b> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<WithKeyPoints<LogCoord<f64>>, RangedCoordf64>>;

impl Chart {
    pub(super) fn has_lines(&self) -> bool {
        let mut ours = self
            .series
            .iter()
            .filter(|series| series.look == Look::Ours);
        ours.any(|series| series.points.len() > 1)
    }

    pub(super) fn write(&self, file: &Path) -> Result<()> {
        let failed = || format!("cannot draw {}", file.display());
        self.draw(file).with_context(failed)
    }

    fn draw(&self, file: &Path) -> Result<()> {
        let root = SVGBackend::new(file, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let (first, last) = self.ends().context("the chart has no points")?;
        // A margin, so that no line runs along the edge.
        let over = (first * 0.9..last * 1.1)
            .log_scale()
            .with_key_points(self.ticks.clone());
        let mut axes: Axes<'_, '_> = ChartBuilder::on(&root)
            .caption(self.title, (FONT, 20))
            .margin(16)
            .margin_right(40)
            .x_label_area_size(44)
            .y_label_area_size(84)
            .build_cartesian_2d(over, 0.0..self.highest() * self.headroom())?;
        axes.configure_mesh()
            .disable_x_mesh()
            .light_line_style(WHITE)
            .x_desc(self.over)
            .x_label_formatter(&|place| named(*place))
            .y_label_formatter(&|value| format!("{}{}", named(*value), self.unit))
            .label_style((FONT, 14))
            .draw()?;
        for series in self
            .series
            .iter()
            .filter(|series| !series.points.is_empty())
        {
            series.draw(&mut axes)?;
        }
        axes.configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.85))
            .border_style(RGBColor(200, 200, 200))
            .label_font((FONT, 14))
            .draw()?;
        root.present()?;
        Ok(())
    }

    /// Returns the ratio of the height of the chart to its lines, with space for names on top.
    fn headroom(&self) -> f64 {
        let named = self
            .series
            .iter()
            .filter(|series| !series.points.is_empty());
        named.fold(1.15, |room, _| room + 0.08)
    }

    fn ends(&self) -> Option<(f64, f64)> {
        Some((*self.ticks.first()?, *self.ticks.last()?))
    }

    fn highest(&self) -> f64 {
        let points = self.series.iter().flat_map(|series| &series.points);
        points.map(|(_, value)| *value).fold(0.0, f64::max)
    }
}

impl Series {
    fn draw(&self, axes: &mut Axes<'_, '_>) -> Result<()> {
        let points = self.points.iter().copied();
        let colour = self.look.colour();
        let line = colour.stroke_width(2);
        let drawn = if self.look.is_dashed() {
            axes.draw_series(DashedLineSeries::new(points, 8, 5, line))?
        } else {
            let dots = self.points.iter();
            axes.draw_series(dots.map(|point| Circle::new(*point, 4, colour.filled())))?;
            axes.draw_series(LineSeries::new(points, line))?
        };
        drawn
            .label(self.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], line));
        Ok(())
    }
}

/// Formats a number with spaces between thousands, or two decimals if it is a small fraction.
fn named(value: f64) -> String {
    if value < 10.0 && value.fract() > 0.0 {
        format!("{value:.2}")
    } else {
        grouped(value)
    }
}
