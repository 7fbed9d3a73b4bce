//! Tables for people: columns that line up, colours where they say something.

use clap::builder::styling::{AnsiColor, Color, Style};

/// The colour of a cell, which says how well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Nothing to be said.
    Plain,
    /// Well.
    Good,
    /// To be watched.
    Doubtful,
    /// Not well.
    Bad,
}

impl Tone {
    /// The text in this tone, if there are colours.
    pub(super) fn paint(self, text: &str, colours: bool) -> String {
        let colour = match self {
            Self::Good if colours => AnsiColor::Green,
            Self::Doubtful if colours => AnsiColor::Yellow,
            Self::Bad if colours => AnsiColor::Red,
            Self::Plain | Self::Good | Self::Doubtful | Self::Bad => return text.to_owned(),
        };
        let style = Style::new().fg_color(Some(Color::Ansi(colour)));
        format!("{style}{text}{style:#}")
    }
}

/// One cell.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: String,
    to_the_right: bool,
    tone: Tone,
}

impl Cell {
    /// A text.
    pub(super) fn left(text: impl Into<String>) -> Self {
        Self { text: text.into(), to_the_right: false, tone: Tone::Plain }
    }

    /// A figure.
    pub(super) fn right(text: impl Into<String>) -> Self {
        Self { text: text.into(), to_the_right: true, tone: Tone::Plain }
    }

    /// Gives it a colour.
    pub(super) const fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

/// Rows under a head.
#[derive(Debug)]
pub(super) struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows.
    pub(super) fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new() }
    }

    /// Adds a row, with a cell for each column.
    pub(super) fn row(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// The table as text, each line ending in a line feed. A heading stands over its figures as they do.
    pub(super) fn render(&self, colours: bool) -> String {
        let head = self.head.iter().enumerate().map(|(column, title)| self.heading(column, title)).collect();
        let lines: Vec<Vec<Cell>> = std::iter::once(head).chain(self.rows.iter().cloned()).collect();
        let widths: Vec<usize> = (0..self.head.len()).map(|column| width(&lines, column)).collect();
        lines.iter().map(|line| render_line(line, &widths, colours)).collect()
    }

    fn heading(&self, column: usize, title: &str) -> Cell {
        let to_the_right = self.rows.iter().filter_map(|row| row.get(column)).any(|cell| cell.to_the_right);
        Cell { text: title.to_owned(), to_the_right, tone: Tone::Plain }
    }
}

fn width(lines: &[Vec<Cell>], column: usize) -> usize {
    let cells = lines.iter().filter_map(|line| line.get(column));
    cells.map(|cell| cell.text.chars().count()).max().unwrap_or_default()
}

fn render_line(line: &[Cell], widths: &[usize], colours: bool) -> String {
    let mut text = String::new();
    for (cell, &width) in line.iter().zip(widths) {
        let gap = " ".repeat(width.saturating_sub(cell.text.chars().count()));
        let painted = cell.tone.paint(&cell.text, colours);
        let cell = if cell.to_the_right { gap + &painted } else { painted + &gap };
        if !text.is_empty() {
            text.push_str("  ");
        }
        text.push_str(&cell);
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_with_and_without_colours() {
        let mut table = Table::new(&["SERVER", "FREE"]);
        table.row(vec![Cell::left("é:1").tone(Tone::Good), Cell::right("1 B")]);
        table.row(vec![Cell::left("longer:22"), Cell::right("10.0 GiB")]);
        assert_eq!(table.render(false), "SERVER         FREE\né:1             1 B\nlonger:22  10.0 GiB\n");
        let coloured = table.render(true);
        assert!(coloured.contains("\u{1b}[32mé:1\u{1b}[0m        "), "{coloured:?}");
    }
}
