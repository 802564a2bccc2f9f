//! The format, on a toy.

use super::matching::{beside, fill_text, match_stanza, match_text};
use super::*;
use crate::sim::toy::Toy;
use crate::sim::xml;

fn bound(pairs: &[(&str, &str)]) -> Bound {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

fn text(pattern: &str, got: &str, known: &[(&str, &str)]) -> Option<Bound> {
    match_text(pattern, got, &bound(known))
}

#[test]
fn a_name_binds_on_first_sight_and_holds_afterwards() {
    assert_eq!(text("{a}", "x", &[]), Some(bound(&[("a", "x")])));
    assert_eq!(text("{a}", "x", &[("a", "y")]), None);
    assert_eq!(text("{room}/{ann}", "r@d/-x", &[("room", "r@d")]), Some(bound(&[("room", "r@d"), ("ann", "-x")])));
    assert_eq!(text("{a}-{a}", "xy-xy", &[]), Some(bound(&[("a", "xy")])));
    assert_eq!(text("{a}-{a}", "xy-xz", &[]), None);
    assert_eq!(text("{a}", "", &[]), None, "a name stands for something");
    assert_eq!(text("{a}.{b}", "1.2.3", &[]), Some(bound(&[("a", "1"), ("b", "2.3")])));
    assert_eq!(text("x{*}z", "xyz", &[]), Some(bound(&[])));
    assert_eq!(text("x{*}z", "xyzy", &[]), None);
    assert_eq!(text("{*}", "", &[]), Some(bound(&[])));
}

#[test]
fn other_braces_are_themselves() {
    for same in ["{", "}", "{}", "{a b}", "{\"json\": {}}", "{{", "{1}"] {
        assert_eq!(text(same, same, &[]), Some(bound(&[])), "{same}");
    }
    assert_eq!(fill_text("{{a} {b}", &bound(&[("a", "1")])), "{1 {b}");
}

fn stanza(pattern: &str, got: &str) -> Option<Bound> {
    let read = |text: &str| xml::read_stanza(text, "jabber:client").unwrap();
    match_stanza(&read(pattern), &read(got), &Bound::new())
}

#[test]
fn order_counts_but_not_everywhere() {
    let same = |a: &str, b: &str| stanza(a, b).is_some();
    assert!(same("<message><a/><b/></message>", "<message><b/><a/></message>"), "children of a stanza");
    assert!(!same("<message><a><b/><c/></a></message>", "<message><a><c/><b/></a></message>"), "deeper inside");
    let form = |a: &str, b: &str| format!("<iq><x xmlns='jabber:x:data'><field var='{a}'/><field var='{b}'/></x></iq>");
    assert!(same(&form("1", "2"), &form("2", "1")), "fields of a form");
    assert!(!same(&form("1", "2"), &form("2", "2")));
    let disco = |a: &str, b: &str| {
        format!(
            "<iq><query xmlns='http://jabber.org/protocol/disco#info'><feature var='{a}'/><feature var='{b}'/></query></iq>"
        )
    };
    assert!(same(&disco("1", "2"), &disco("2", "1")), "children of a disco query");
    assert!(!same("<message><a/></message>", "<message><a/><b/></message>"), "something more");
    assert!(!same("<message><a/><b/></message>", "<message><a/></message>"), "something less");
    assert!(!same("<message><a/><a/></message>", "<message><a/><b/></message>"));
    assert!(!same("<message/>", "<message><a/></message>"));
    assert!(!same("<message><a/></message>", "<message/>"));
}

#[test]
fn any_order_finds_the_order_that_fits_the_names() {
    // The first child fits both; only one way fits both children.
    let bound =
        stanza("<message id='7'><a b='{x}'/><a b='7'/></message>", "<message id='7'><a b='7'/><a b='8'/></message>");
    assert_eq!(bound.unwrap()["x"], "8");
}

#[test]
fn attributes_are_a_set_and_texts_are_exact() {
    assert!(stanza("<message a='1' b='2'/>", "<message b='2' a='1'/>").is_some());
    assert!(stanza("<message a='1'/>", "<message b='2' a='1'/>").is_none());
    assert!(stanza("<message a='{*}'/>", "<message/>").is_some(), "anything may be absent");
    assert!(stanza("<message a='{x}'/>", "<message/>").is_none());
    assert!(stanza("<message type='normal'/>", "<message/>").is_some(), "the default type may be absent");
    assert!(stanza("<message/>", "<message type='normal'/>").is_some());
    assert!(stanza("<message><body type='normal'/></message>", "<message><body/></message>").is_none());
    assert!(stanza("<message><body>a</body></message>", "<message><body>a </body></message>").is_none());
    assert!(stanza("<message>\n <body>a</body>\n</message>", "<message><body>a</body></message>").is_some());
    assert!(stanza("<message><body>a</body></message>", "<message><body>a<b/></body></message>").is_none());
    assert!(stanza("<message xml:lang='de'/>", "<message/>").is_none());
}

#[test]
fn the_text_of_an_error_does_not_count() {
    let error = |text: &str| {
        let ns = "urn:ietf:params:xml:ns:xmpp-stanzas";
        format!("<iq type='error'><error type='cancel'><gone xmlns='{ns}'/>{text}</error></iq>")
    };
    let said = error("<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>It went away.</text>");
    assert!(stanza(&error(""), &said).is_some() && stanza(&said, &error("")).is_some());
    assert!(stanza(&error(""), &error("<text xmlns='other'/>")).is_none());
}

#[test]
fn more_allows_more_but_not_less() {
    let more = "xmlns:v='xmpp-machines:vectors:0' v:more='yes'";
    let pattern = format!("<message><x {more} a='1'><b/><d/></x></message>");
    assert!(stanza(&pattern, "<message><x a='1' z='2'><a/><b/><c/><d/><e/></x></message>").is_some());
    assert!(stanza(&pattern, "<message><x a='1'><d/><b/></x></message>").is_none(), "still in order");
    assert!(stanza(&pattern, "<message><x a='1'><b/></x></message>").is_none());
    assert!(stanza(&pattern, "<message><x><b/><d/></x></message>").is_none());
    assert!(stanza(&format!("<message><x {more}/></message>"), "<message><x>any<y/></x></message>").is_some());
}

#[test]
fn patterns_of_any_order_end() {
    let many = |last: &str| format!("<message>{}{last}</message>", "<a b='{*}'/>".repeat(14));
    let got = format!("<message>{}</message>", "<a b='1'/>".repeat(15));
    assert!(stanza(&many("<z/>"), &got).is_none());
    assert!(stanza(&many("<a b='1'/>"), &got).is_some());
}

#[test]
fn beside_what_was_got_only_differences_differ() {
    let read = |text: &str| xml::read(text).unwrap();
    let got = read("<m b='1' c='r/2' z='9'><y/><x a='3'>t</x><w/></m>");
    let pattern = read("<m b='{*}' c='r/{q}' d='5'><x a='4'>{t}</x><v/></m>");
    assert_eq!(
        beside(&pattern, Some(&got), true, &Bound::new()).line(""),
        "<m b='1' c='r/2' d='5'><x a='4'>t</x><v/></m>"
    );
}

const NOT_THERE: fn(&str) -> Result<(String, String), String> = |name| Err(format!("{name} is not there"));

fn vector(steps: &str) -> String {
    let steps = steps.replace("<message", "<message xmlns='jabber:client'").replace("<iq", "<iq xmlns='jabber:client'");
    format!("<vector xmlns='{NS}' id='t' rule='gc3.M4' spec='s' verdict='must'>\n<why>w</why>\n{steps}</vector>")
}

fn tried(steps: &str) -> Played {
    let mut find = |name: &str| match name {
        "hello" => Ok((
            "given/hello.xml".to_owned(),
            vector(
                "<in at='5'><message from='eve@tea.example/9'><body>hey</body></message></in>\
                    <out to='eve@tea.example/9'><message from='{room}' type='groupchat'><body>{*}</body>\
                    <stanza-id xmlns='urn:xmpp:sid:0' id='{given}'/></message></out>",
            )
            .replace("<why>w</why>", "")
            .replace("vector ", "given ")
            .replace("/vector", "/given")
            .replace(" id='t' rule='gc3.M4' spec='s' verdict='must'", ""),
        )),
        other => Err(format!("{other} is not there")),
    };
    let vector = read("gc3/t.xml", &vector(steps), &mut find).unwrap_or_else(|bad| panic!("{bad}"));
    play(&vector, &mut Builtin::new(Rooms::new(|_| Ok(Toy::default()))))
}

fn failure(steps: &str) -> Failure {
    match tried(steps).outcome {
        Outcome::Failed(failure) => *failure,
        other => panic!("{other:?}"),
    }
}

const SAY: &str = "<in at='1000'><message from='ann@tea.example/1'><body>hi</body></message></in>";
const HEAR: &str = "<out to='ann@tea.example/1'><message from='{room}' type='groupchat'><body>hi</body>\
                    <stanza-id xmlns='urn:xmpp:sid:0' id='{n}'/></message></out>";

#[test]
fn what_comes_out_as_expected_passes() {
    let played = tried(&format!("{SAY}{HEAR}"));
    assert!(matches!(played.outcome, Outcome::Passed), "{:?}", played.outcome);
    assert_eq!(played.bound, bound(&[("n", "n1"), ("room", "room@rooms.example")]));
    let lines: Vec<String> = played.lines.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "@1000 in  ann@tea.example/1 <message><body>hi</body></message>",
            "        gc3.M4 send [ann@tea.example/1] <message from='room@rooms.example' type='groupchat'><body>hi</body>\
             <stanza-id xmlns='urn:xmpp:sid:0' id='n1'/></message>",
        ]
    );
}

#[test]
fn what_differs_fails_at_its_line() {
    let wrong = HEAR.replace(">hi<", ">ho<");
    let failure = failure(&format!("{SAY}\n{wrong}"));
    assert_eq!((failure.file.as_str(), failure.line), ("gc3/t.xml", 4));
    assert_eq!(failure.lines.len(), 2);
    let (expected, got) = failure.texts.unwrap();
    let differs: Vec<_> = expected.lines().zip(got.lines()).filter(|(a, b)| a != b).collect();
    assert_eq!(differs, [("    <body>ho</body>", "    <body>hi</body>")]);
}

#[test]
fn too_few_and_too_many_fail() {
    assert_eq!(failure(SAY).what, "ann@tea.example/1 received what is not expected");
    assert_eq!(failure(&format!("{SAY}{HEAR}{HEAR}")).what, "ann@tea.example/1 did not receive this");
    let elsewhere = HEAR.replace("ann@tea.example/1", "ben@tea.example/1");
    assert_eq!(failure(&format!("{SAY}{HEAR}{elsewhere}")).what, "ben@tea.example/1 did not receive this");
}

#[test]
fn an_account_may_be_written_in_capitals_but_not_its_device() {
    let capitals = HEAR.replace("to='ann@tea.example/1'", "to='ANN@Tea.example/1'");
    assert!(matches!(tried(&format!("{SAY}{capitals}")).outcome, Outcome::Passed));
    let say = SAY.replace("example/1", "example/a");
    let device = HEAR.replace("example/1", "example/A");
    assert_eq!(failure(&format!("{say}{device}")).what, "ann@tea.example/A did not receive this");
}

#[test]
fn a_rule_that_decided_nothing_fails() {
    let ping = "<in><iq from='ann@tea.example/1' id='1' type='get'><ping xmlns='toy'/></iq></in>\
                <out to='ann@tea.example/1'><iq id='1' type='result'><pong xmlns='toy' a='1' b='2'><one/><two/></pong></iq></out>";
    assert_eq!(failure(ping).what, "gc3.M4 decided nothing while it played; it was gc3.P9");
}

#[test]
fn time_serves_what_is_due_before_the_step() {
    let later = "<in at='1500'><iq from='ann@tea.example/1' id='1' type='set'><later xmlns='toy'/></iq></in>";
    let due = HEAR.replace(">hi<", ">later<").replace("{n}", "{m}");
    let soon = "<wake at='2499'/>";
    for then in [
        format!("<wake at='2500'/>{due}"),
        format!("{}{due}{}", SAY.replace("1000", "9000"), HEAR.replace("{n}", "{o}")),
    ] {
        let outcome = tried(&format!("{SAY}{HEAR}{later}{soon}{then}")).outcome;
        assert!(matches!(outcome, Outcome::Passed), "{outcome:?}");
    }
}

#[test]
fn the_host_answers_at_once_unless_it_is_silent() {
    let ask = "<in><iq from='ben@tea.example/1' id='1' type='set'><ask xmlns='toy'/></iq></in>";
    let told = "<out to='ann@tea.example/1 ben@tea.example/1'><message from='{room}' type='groupchat'><body>none</body>\
                <stanza-id xmlns='urn:xmpp:sid:0' id='n3'/></message></out>";
    for steps in [format!("{SAY}{HEAR}{ask}{told}"), format!("{SAY}{HEAR}<host archive='silent'/>{ask}")] {
        let outcome = tried(&steps).outcome;
        assert!(matches!(outcome, Outcome::Passed), "{outcome:?}");
    }
    assert_eq!(failure("<host archive='burnt'/>").what, "the host does not know archive='burnt'");
    assert_eq!(failure("<host member='a@b'/>").what, "member= without parent=");
    assert!(failure("<host shutdown='yes'/>").what.ends_with("a toy takes no commands"));
}

#[test]
fn what_is_given_binds_names_and_proves_no_rule() {
    let heard = "<out to='ann@tea.example/1 eve@tea.example/9'><message from='{room}' type='groupchat'><body>hi</body>\
                 <stanza-id xmlns='urn:xmpp:sid:0' id='{n}'/></message></out>";
    let played = tried(&format!("<given use='hello'/>{SAY}{heard}"));
    assert!(matches!(played.outcome, Outcome::Passed), "{:?}", played.outcome);
    assert_eq!(played.bound["given"], "n1");
    let only_given = "<given use='hello'/><wake at='9'/>";
    assert!(failure(only_given).what.starts_with("gc3.M4 decided nothing"));
}

#[test]
fn rounds_are_one_step_and_their_outs_may_be_rounds_too() {
    let rounds = "<repeat times='3' as='i'><in at='{i}000'><message from='ann@tea.example/1'><body>{i}</body></message></in></repeat>\
                  <repeat times='3' as='k'><out to='ann@tea.example/1'><message from='{*}' type='groupchat'><body>{k}</body>\
                  <stanza-id xmlns='urn:xmpp:sid:0' id='n{k}'/></message></out></repeat>";
    let played = tried(rounds);
    assert!(matches!(played.outcome, Outcome::Passed), "{:?}", played.outcome);
    assert!(played.lines.iter().any(|line| matches!(line, Line::In { at: 3000, .. })));
}

#[test]
fn a_fact_that_no_host_can_have_is_refused() {
    assert_eq!(failure("<host weather='bad'/>").what, "the host does not know weather='bad'");
}

#[test]
fn a_name_without_value_cannot_go_in() {
    assert_eq!(failure("<in><message from='{who}'/></in>").what, "{who} has no value here");
    assert_eq!(failure("<in><message from='{*}'/></in>").what, "{*} has no value here");
}

#[test]
fn what_the_format_does_not_know_is_refused_at_its_line() {
    let bad = |steps: &str| read("t.xml", &vector(steps), &mut { NOT_THERE }).unwrap_err().to_string();
    for (steps, complaint) in [
        ("", "t.xml:1: nothing happens in it"),
        ("<in><message/>", "t.xml:3:"),
        ("\n<inn/>", "t.xml:4: <inn xmlns='xmpp-machines:vectors:0'> does not belong here"),
        ("<in at='soon'><message/></in>", "t.xml:3: at='soon' is no number of milliseconds"),
        ("<in at='1' to='x'><message/></in>", "t.xml:3: <in> has no to=; it has at="),
        ("<in/>", "t.xml:3: <in> does not hold exactly one stanza"),
        ("<in><presence/></in>", "t.xml:3: <presence> lacks xmlns='jabber:client'"),
        ("<out to='a'><message/></out>", "t.xml:3: an <out> before anything happened"),
        ("<wake/>", "t.xml:3: <wake> without at="),
        ("<wake at='1'/><out><message/></out>", "t.xml:3: <out> without to="),
        ("<wake at='1'/><out to='a a'><message/></out>", "t.xml:3: to= names a recipient twice: write the <out> twice"),
        (
            "<wake at='1'/><out to='a'><message to='a'/></out>",
            "t.xml:3: the stanza of an <out> has no to= where it is the recipient",
        ),
        ("<wake at='1'/><limits a='1'/>", "t.xml:3: <limits> comes after the first step"),
        ("<limits a='x'/><wake at='1'/>", "t.xml:3: a='x' is no number"),
        ("<given use='nothing'/><wake at='1'/>", "t.xml:3: nothing is not there"),
        ("<repeat times='2'><wake at='1'/><out to='a'><message/></out></repeat>", "t.xml:3: outs of a <repeat>"),
        ("<repeat times='many'><wake at='1'/></repeat>", "t.xml:3: times= is no number up to"),
        ("<host at='1'/>", "t.xml:3: <host> without a fact"),
    ] {
        let got = bad(steps);
        assert!(got.starts_with(complaint), "{steps}\n{got}\n{complaint}");
    }
    let header = |from: &str, to: &str| {
        read("t.xml", &vector("<wake at='1'/>").replace(from, to), &mut { NOT_THERE }).unwrap_err().to_string()
    };
    assert_eq!(header("id='t'", "id='u'"), "t.xml:1: id='u' is not the name of the file");
    assert_eq!(header("must", "perhaps"), "t.xml:1: verdict='perhaps' is none of must, may, unspecified");
    assert_eq!(header("rule='gc3.M4' ", ""), "t.xml:1: the vector has no rule=");
    assert!(header("<why>w</why>", "").starts_with("t.xml:1: there is no <why>"));
}

#[test]
fn what_is_given_to_itself_is_refused() {
    let circle =
        |_: &str| Ok(("c.xml".to_owned(), format!("<given xmlns='{NS}'><given use='c'/><wake at='1'/></given>")));
    let bad = read("t.xml", &vector("<given use='c'/><wake at='1'/>"), &mut { circle }).unwrap_err();
    assert_eq!(bad.to_string(), "c.xml:1: 'c' is given to itself");
}

#[test]
fn a_scenario_binds_names_without_being_complete() {
    let text = vector(&format!("<note>Ann\n speaks.</note>{SAY}{SAY}"))
        .replace("vector ", "scenario ")
        .replace("/vector", "/scenario");
    let text = text.replace(" id='t' rule='gc3.M4' spec='s' verdict='must'", "");
    let scenario = read_scenario("s.xml", &text, &mut { NOT_THERE }).unwrap();
    let played = play(&scenario, &mut Builtin::new(Rooms::new(|_| Ok(Toy::default()))));
    assert!(matches!(played.outcome, Outcome::Passed));
    assert_eq!(played.lines.first().map(ToString::to_string).as_deref(), Some("# Ann speaks."));
}

#[test]
fn a_manifest_is_compared_with_what_is_there() {
    let vector = |id: &str, rule: &str| {
        let text = vector("<wake at='1'/>").replace("id='t'", &format!("id='{id}'")).replace("gc3.M4", rule);
        read(&format!("spec/gc3/{id}.xml"), &text, &mut { NOT_THERE }).unwrap()
    };
    let mut shelf = Shelf::default();
    shelf.vectors.insert("gc3/a.xml".into(), vector("a", "gc3.M4"));
    shelf.given.insert("gc3/given/x.xml".into());
    let manifest = shelf.manifest();
    assert_eq!(shelf.compare("m", &manifest).unwrap(), [""; 0]);
    shelf.vectors.insert("gc3/b.xml".into(), vector("b", "gc3.M4"));
    assert_eq!(
        shelf.compare("m", &manifest).unwrap(),
        ["m does not list gc3/b.xml", "m counts 1 vectors; there are 2"]
    );
    shelf.vectors.clear();
    shelf.vectors.insert("gc3/a.xml".into(), vector("a", "gc3.J1"));
    shelf.given.clear();
    assert_eq!(
        shelf.compare("m", &manifest).unwrap(),
        ["m lists gc3/given/x.xml, which is not there", "m describes gc3/a.xml otherwise than it is"]
    );
    assert!(shelf.compare("m", "<manifest").is_err());
}

#[test]
fn rules_and_vectors_need_each_other() {
    let text = vector("<wake at='1'/>").replace("gc3.M4", "gc3.M4 gc3.Q1");
    let mut shelf = Shelf::default();
    shelf.vectors.insert("gc3/t.xml".into(), read("gc3/t.xml", &text, &mut { NOT_THERE }).unwrap());
    let complaints = shelf.complaints();
    assert!(complaints.contains(&"gc3/t.xml: there is no rule gc3.Q1".to_owned()));
    assert!(complaints.iter().any(|c| c.starts_with("gc3.J1 has no vector: ")));
    assert!(!complaints.iter().any(|c| c.starts_with("gc3.M4 ")));
    shelf.vectors.insert("gc4/t.xml".into(), read("gc4/t.xml", &text, &mut { NOT_THERE }).unwrap());
    assert!(shelf.complaints().contains(&"gc4/t.xml and gc3/t.xml have the same id".to_owned()));
}
