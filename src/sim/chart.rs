//! Sequence charts of a transcript: as text for Mermaid, and as an SVG that needs nothing else.

use core::fmt::Write as _;

use super::transcript::{Line, What};
use super::xml::{Tree, escape};
use crate::ns;

/// Recipients of one action that get an arrow each; the others are one arrow together.
const ARROWS: usize = 6;

/// The lifeline of everybody who has no arrow of their own.
const OTHERS: &str = "others";

/// One row of a chart.
struct Row {
    /// Written at the margin, where it begins a moment.
    at: Option<u64>,
    /// The label: what it is, and the rule that decided it.
    label: String,
    arrows: Arrows,
}

enum Arrows {
    In(usize),
    Out(Vec<usize>),
    /// Nothing was sent, and this is why.
    Note,
}

/// A chart: the machine is lifeline 0.
struct Chart {
    names: Vec<String>,
    rows: Vec<Row>,
}

impl Chart {
    fn of(machine: &str, lines: &[Line]) -> Self {
        let mut chart = Self { names: vec![machine.to_owned()], rows: Vec::new() };
        let mut silent = true;
        for (at, line) in lines.iter().enumerate() {
            match line {
                Line::In { at, from, what } => {
                    silent = true;
                    let label = match what {
                        What::Stanza(stanza) => brief(stanza),
                        What::Text(text) => short(text),
                    };
                    let from = chart.lifeline(from);
                    chart.rows.push(Row { at: Some(*at), label, arrows: Arrows::In(from) });
                }
                Line::Note { what } => chart.rows.push(Row { at: None, label: what.clone(), arrows: Arrows::Note }),
                Line::Wake { at } => {
                    silent = true;
                    chart.rows.push(Row { at: Some(*at), label: "wake".into(), arrows: Arrows::Note });
                }
                Line::Send { why, to, stanza } => {
                    silent = false;
                    let mut ends: Vec<usize> = to.iter().take(ARROWS).map(|jid| chart.lifeline(jid)).collect();
                    let mut label = format!("{} · {why}", brief(stanza));
                    if to.len() > ARROWS {
                        ends.push(chart.lifeline(OTHERS));
                        // Writing to a String cannot fail.
                        let _ = write!(label, " (and {} others)", to.len() - ARROWS);
                    }
                    chart.rows.push(Row { at: None, label, arrows: Arrows::Out(ends) });
                }
                Line::Do { why, what } => {
                    silent = false;
                    let host = chart.lifeline("host");
                    let label = format!("{} · {why}", short(what));
                    chart.rows.push(Row { at: None, label, arrows: Arrows::Out(vec![host]) });
                }
                // A notice is drawn only where it explains a silence.
                Line::Tell { why, what } => {
                    let next = lines.get(at + 1);
                    if silent && !matches!(next, Some(Line::Send { .. } | Line::Do { .. })) {
                        let label = format!("{} · {why}", short(what));
                        chart.rows.push(Row { at: None, label, arrows: Arrows::Note });
                    }
                }
                Line::Misuse { what } => {
                    chart.rows.push(Row { at: None, label: format!("misuse: {what}"), arrows: Arrows::Note });
                }
            }
        }
        chart
    }

    fn lifeline(&mut self, name: &str) -> usize {
        self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        })
    }
}

/// A stanza in a few words: its kind, its type, its first payload or its error condition.
#[must_use]
pub fn brief(stanza: &Tree) -> String {
    let mut words = vec![stanza.name.as_str()];
    words.extend(stanza.attr("type"));
    let payload = if stanza.attr("type") == Some("error") {
        let error = stanza.children().find(|child| child.name == "error");
        error.and_then(|error| error.children().find(|child| child.ns == ns::STANZAS && child.name != "text"))
    } else {
        stanza.children().next()
    };
    words.extend(payload.map(|payload| payload.name.as_str()));
    words.join(" ")
}

/// The beginning of a text.
fn short(text: &str) -> String {
    let end = text.find([' ', '(', '{']).unwrap_or(text.len());
    let word = text.get(..end).unwrap_or_default();
    // An answer says more with its second word.
    if word == "answer" { text.split([' ', '(', '{']).take(3).collect::<Vec<_>>().join(" ") } else { word.to_owned() }
}

/// The chart as text for Mermaid.
#[must_use]
pub fn mermaid(machine: &str, lines: &[Line]) -> String {
    let chart = Chart::of(machine, lines);
    let mut text = String::from("sequenceDiagram\n");
    for (at, name) in chart.names.iter().enumerate() {
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(text, "    participant p{at} as {}", plain(name));
    }
    for row in &chart.rows {
        let mut label = plain(&row.label);
        if let Some(at) = row.at {
            label = format!("{at} ms: {label}");
        }
        let _ = match &row.arrows {
            Arrows::In(from) => writeln!(text, "    p{from}->>p0: {label}"),
            Arrows::Out(ends) => ends.iter().try_for_each(|end| writeln!(text, "    p0->>p{end}: {label}")),
            Arrows::Note => writeln!(text, "    Note over p0: {label}"),
        };
    }
    text
}

/// Text without what Mermaid takes as syntax: written as its entity codes.
fn plain(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut plain, c| {
        match c {
            '#' | ';' | ':' | '<' | '>' | '&' | '"' | '%' | '\\' | '{' | '}' => {
                let _ = write!(plain, "#{};", u32::from(c));
            }
            c if c.is_control() => plain.push(' '),
            c => plain.push(c),
        }
        plain
    })
}

const STYLE: &str = "\
text{font:12px ui-monospace,Menlo,Consolas,monospace;fill:#222}.n{font-weight:bold}.t{fill:#777}.a{stroke:#2563a8;fill:none}\
.i{stroke:#3b7d3b;fill:none}.l{stroke:#999;stroke-dasharray:3 3}.b{fill:#fff;stroke:#999}.bg{fill:#fff}\
.ha{fill:#2563a8}.hi{fill:#3b7d3b}\
@media(prefers-color-scheme:dark){text{fill:#ddd}.t{fill:#999}.a{stroke:#7db4ee}.i{stroke:#86c986}.l{stroke:#666}\
.b{fill:#1a1a1a;stroke:#666}.bg{fill:#1a1a1a}.ha{fill:#7db4ee}.hi{fill:#86c986}}";

const CHAR: usize = 8;
const ROW: usize = 30;
const TOP: usize = 56;
const MARGIN: usize = 90;

/// The chart as an SVG document: lifelines for the machine and each party, an arrow with a label for each stanza. It
/// follows the reader's preference for light or dark.
#[must_use]
pub fn svg(machine: &str, lines: &[Line]) -> String {
    let chart = Chart::of(machine, lines);
    // The machine is leftmost, so that all labels begin in one line.
    let widest = chart.rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0);
    let mut x = Vec::with_capacity(chart.names.len());
    let mut next = MARGIN + chart.names.first().map_or(0, |name| name.chars().count() * CHAR / 2);
    for (at, name) in chart.names.iter().enumerate() {
        x.push(next);
        let half = |name: &str| name.chars().count() * CHAR / 2 + 12;
        let gap = half(name) + chart.names.get(at + 1).map_or(0, |next| half(next));
        // The first gap holds the labels.
        next += if at == 0 { gap.max((widest + 2) * CHAR) } else { gap };
    }
    let width = next + MARGIN / 2;
    let height = TOP + (chart.rows.len() + 1) * ROW;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\"><title>{}</title><style>{STYLE}</style>\n<rect class=\"bg\" width=\"{width}\" height=\"{height}\"/>\n",
        escaped(&format!("sequence chart of {machine}"))
    );
    for (name, x) in chart.names.iter().zip(&x) {
        let half = name.chars().count() * CHAR / 2 + 6;
        let _ = writeln!(
            svg,
            "<line class=\"l\" x1=\"{x}\" y1=\"36\" x2=\"{x}\" y2=\"{}\"/><rect class=\"b\" x=\"{}\" y=\"12\" width=\"{}\" \
             height=\"24\" rx=\"4\"/><text class=\"n\" x=\"{x}\" y=\"28\" text-anchor=\"middle\">{}</text>",
            height - ROW / 2,
            x.saturating_sub(half),
            half * 2,
            escaped(name)
        );
    }
    for (at, row) in chart.rows.iter().enumerate() {
        draw(&mut svg, row, &x, TOP + (at + 1) * ROW - 8);
    }
    svg.push_str("</svg>\n");
    svg
}

/// One row: its line from the machine to the farthest party, a head at each end, its label above.
fn draw(svg: &mut String, row: &Row, x: &[usize], y: usize) {
    let place = |lifeline: usize| x.get(lifeline).copied().unwrap_or_default();
    let machine = place(0);
    if let Some(at) = row.at {
        let _ = writeln!(svg, "<text class=\"t\" x=\"6\" y=\"{}\">@{at}</text>", y + 4);
    }
    let label = escaped(&row.label);
    let _ = writeln!(svg, "<text x=\"{}\" y=\"{}\">{label}</text>", machine + 10, y - 5);
    match &row.arrows {
        Arrows::In(from) => {
            let from = place(*from);
            let _ = writeln!(svg, "<path class=\"i\" d=\"M{from} {y}H{machine}\"/>");
            let _ = writeln!(svg, "<path class=\"hi\" d=\"M{machine} {y}l8 -4v8z\"/>");
        }
        Arrows::Out(ends) => {
            let far = ends.iter().map(|end| place(*end)).max().unwrap_or(machine);
            let _ = writeln!(svg, "<path class=\"a\" d=\"M{machine} {y}H{far}\"/>");
            for end in ends {
                let _ = writeln!(svg, "<path class=\"ha\" d=\"M{} {y}l-8 -4v8z\"/>", place(*end));
            }
        }
        Arrows::Note => {
            let _ = writeln!(svg, "<circle class=\"ha\" cx=\"{machine}\" cy=\"{y}\" r=\"3\"/>");
        }
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    escape(&mut out, &clean, true);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gc3::rules::table;
    use crate::sim::xml;

    fn tree(text: &str) -> Tree {
        xml::read_stanza(text, ns::CLIENT).unwrap()
    }

    fn lines() -> Vec<Line> {
        let jid = |at: usize| format!("p{at}@tea.example/<&>");
        let error =
            tree("<iq type='error'><x/><error><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
        let stanza = tree("<message type='groupchat'><body>hi</body></message>");
        vec![
            Line::Note { what: "First; this".into() },
            Line::In { at: 7, from: jid(0), what: What::Stanza(stanza.clone()) },
            Line::Tell { why: table::M3, what: "Also".into() },
            Line::Send { why: table::M4, to: (0..9).map(jid).collect(), stanza },
            Line::Do { why: table::V3, what: "Find { token: 1 }".into() },
            Line::In { at: 8, from: "host".into(), what: What::Text("answer 1 NoSuchId".into()) },
            Line::Send { why: table::M1, to: vec![jid(0)], stanza: error },
            Line::Wake { at: 9 },
            Line::Tell { why: table::M9, what: "Dropped { from: None }".into() },
        ]
    }

    #[test]
    fn a_mermaid_chart_has_an_arrow_for_each_of_the_first_recipients() {
        let chart = mermaid("rooms.example", &lines());
        let begin = chart.lines().take(3).collect::<Vec<_>>();
        let who = "p0@tea.example/#60;#38;#62;";
        assert_eq!(
            begin,
            ["sequenceDiagram", "    participant p0 as rooms.example", &format!("    participant p1 as {who}")]
        );
        let arrows: Vec<&str> =
            chart.lines().skip_while(|line| line.contains("participant") || !line.contains("p0:")).collect();
        assert_eq!(
            arrows,
            [
                "    Note over p0: First#59; this",
                "    p1->>p0: 7 ms: message groupchat body",
                "    p0->>p1: message groupchat body · gc3.M4 (and 3 others)",
                "    p0->>p2: message groupchat body · gc3.M4 (and 3 others)",
                "    p0->>p3: message groupchat body · gc3.M4 (and 3 others)",
                "    p0->>p4: message groupchat body · gc3.M4 (and 3 others)",
                "    p0->>p5: message groupchat body · gc3.M4 (and 3 others)",
                "    p0->>p6: message groupchat body · gc3.M4 (and 3 others)",
                "    p0->>p7: message groupchat body · gc3.M4 (and 3 others)",
                "    p0->>p8: Find · gc3.V3",
                "    p8->>p0: 8 ms: answer 1 NoSuchId",
                "    p0->>p1: iq error gone · gc3.M1",
                "    Note over p0: 9 ms: wake",
                "    Note over p0: Dropped · gc3.M9",
            ]
        );
    }

    #[test]
    fn an_svg_is_xml_with_a_row_for_each_line_that_is_drawn() {
        let chart = svg("rooms.example", &lines());
        let root = xml::read(&chart).unwrap();
        assert!(root.is("svg", "http://www.w3.org/2000/svg"));
        let texts: Vec<String> = root.children().filter(|c| c.name == "text").map(Tree::text).collect();
        for text in ["p0@tea.example/<&>", "message groupchat body · gc3.M4 (and 3 others)", "@9", "wake", "others"] {
            assert!(texts.iter().any(|t| t == text), "{text}: {texts:?}");
        }
        // One head into the machine for each input, seven out of it for the message, one each for order and error.
        let heads =
            |class: &str| root.children().filter(|c| c.name == "path" && c.attr("class") == Some(class)).count();
        assert_eq!((heads("hi"), heads("ha")), (2, 9));
    }
}
