//! Lists the rules, and tells one.

use std::io::Write;
use std::path::Path;

use comfy_table::{ContentArrangement, Table, presets};
use xmpp_machines::sim::vectors::{TOPICS, Topic};

use super::{Ended, Trouble, files};

/// Columns of a terminal that is not asked for its width.
const WIDTH: u16 = 120;

pub(super) fn run(topic: Option<&str>, vectors: &Path, out: &mut dyn Write) -> Ended {
    let chosen: Vec<_> = TOPICS.iter().filter(|known| topic.is_none_or(|topic| topic == known.name)).collect();
    if chosen.is_empty() {
        let known: Vec<&str> = TOPICS.iter().map(|topic| topic.name).collect();
        return Err(Trouble::Bad(format!("there is no topic {}; there is {}", topic.unwrap_or(""), known.join(", "))));
    }
    let shelf = files::shelf(vectors).map_err(Trouble::Bad)?;
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table.set_header(["rule", "vectors", "written in", "says"]);
    let (mut rules, mut bare) = (0, 0);
    for topic in chosen {
        for (rule, count) in shelf.coverage(topic.rules) {
            table.add_row([rule.id(), &count.to_string(), rule.anchor(), rule.says()]);
            rules += 1;
            bare += usize::from(count == 0);
        }
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out, "{rules} rules, {bare} without a vector")?;
    Ok(bare == 0)
}

/// The decision table of a topic, as Markdown.
pub(super) fn table(topic: &str, out: &mut dyn Write) -> Ended {
    let topic = Topic::named(topic).ok_or_else(|| Trouble::Bad(format!("there is no topic {topic}")))?;
    let Some(table) = topic.table else {
        let with: Vec<&str> = TOPICS.iter().filter(|topic| topic.table.is_some()).map(|topic| topic.name).collect();
        return Err(Trouble::Bad(format!("{} has no decision table; {} has", topic.name, with.join(", "))));
    };
    out.write_all(table().as_bytes())?;
    Ok(true)
}

/// From the id that stands beside an action to its text, its code and its vectors.
pub(super) fn one(id: &str, vectors: &Path, out: &mut dyn Write) -> Ended {
    let Some((topic, rule)) = Topic::rule(id) else {
        return Err(Trouble::Bad(format!("there is no rule {id}; `xmpp-machines rules` lists them all")));
    };
    let shelf = files::shelf(vectors).map_err(Trouble::Bad)?;
    let number = id.split_once('.').map_or(id, |(_, number)| number);
    writeln!(out, "{rule}  {}", rule.says())?;
    writeln!(out, "text  {} (in {}/PROFILE.md: **{number}**)", rule.anchor(), topic.name)?;
    writeln!(out, "code  rule::{} in {}", number.replace('.', "_"), topic.code)?;
    for (file, vector) in &shelf.vectors {
        if vector.rules.iter().any(|shown| shown == id) {
            writeln!(out, "shown in  {file} ({}): {}", vector.verdict, vector.why)?;
        }
    }
    Ok(true)
}
