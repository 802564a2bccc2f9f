//! A scenario, played: what happens in it as text, line by line, with the rule that decided each.

use xmpp_machines::sim::vectors::{Outcome, Subject, play, read_scenario};

/// What happens in a scenario of a topic, which may begin as its vectors do.
pub(crate) fn story(topic: &str, subject: &mut dyn Subject, steps: &str) -> String {
    let text = format!("<scenario xmlns='xmpp-machines:vectors:0' topic='{topic}'>{steps}</scenario>");
    let mut given = |name: &str| {
        let path = format!("spec-vectors/{topic}/given/{name}.xml");
        std::fs::read_to_string(&path).map(|text| (path.clone(), text)).map_err(|why| format!("{path}: {why}"))
    };
    let scenario = read_scenario("story.xml", &text, &mut given).unwrap();
    let played = play(&scenario, subject);
    assert!(matches!(played.outcome, Outcome::Passed), "{:?}", played.outcome);
    played.lines.iter().map(|line| format!("{line}\n")).collect()
}
