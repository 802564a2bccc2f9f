//! What a policy cannot be.

use super::*;

fn faults(change: impl FnOnce(&mut Policy)) -> Vec<String> {
    let mut policy = Policy::default();
    change(&mut policy);
    policy.check().iter().map(ToString::to_string).collect()
}

#[test]
fn the_default_can_be_kept() {
    assert_eq!(faults(|_| ()), [""; 0]);
}

#[test]
fn each_contradiction_is_named_with_its_field() {
    let day = Span::from_days(1);
    let message = |policy: &mut Policy| policy.classes[0].bucket(Purpose::Message).clone();
    let with = |change: &dyn Fn(&mut Bucket)| {
        faults(|policy| {
            let mut bucket = message(policy);
            change(&mut bucket);
            *policy.classes[0].bucket_mut(Purpose::Message) = bucket;
        })
    };
    for (got, field, what) in [
        (with(&|b| b.enabled = false), "message.enabled", "always on"),
        (with(&|b| b.max_file = 2 << 30), "message.max-file", "never reached: hard (1 GiB) is less"),
        (
            with(&|b| b.hard = 3 << 30),
            "message.hard",
            "promises more than an account of class 'everybody' may have (2 GiB)",
        ),
        (with(&|b| b.soft = 2 << 30), "message.soft", "eviction would never stop there"),
        (with(&|b| b.soft = 0), "message.soft", "every eviction would delete everything"),
        (with(&|b| b.max_files = 0), "message.max-files", "no file fits"),
        (with(&|b| b.max_files = 10_001), "message.max-files", "more than 10000"),
        (with(&|b| b.rate.burst = 0), "message.rate", "no slot could ever be granted"),
        (with(&|b| b.keep = Keep::For(Span::ZERO)), "message.keep", "gone as it is stored"),
        (with(&|b| b.min_age = Span::from_days(30)), "message.min-age", "never reached: files are kept for 30 d"),
        (with(&|b| b.types = vec![]), "message.types", "no content type is taken"),
        (with(&|b| b.types = vec!["image".into(), "*/*".into()]), "message.types", "'image' is no content type"),
        (with(&|b| b.types = vec!["*/*".into(), "image/png".into()]), "message.types", "'image/png' is never reached"),
        (with(&|b| b.types = vec!["image/*".into()]), "message.types", "application/octet-stream is missing"),
    ] {
        let at = format!("class.everybody.{field}: ");
        assert!(got.iter().any(|fault| fault.starts_with(&at) && fault.contains(what)), "{field} {what}: {got:?}");
    }
    let other = |purpose: Purpose, change: &dyn Fn(&mut Bucket)| {
        faults(|policy| {
            policy.classes[0].bucket_mut(purpose).enabled = true;
            change(policy.classes[0].bucket_mut(purpose));
        })
    };
    assert!(
        other(Purpose::Ephemeral, &|b| b.keep = Keep::Infinite)[0]
            .contains("ephemeral.keep: an ephemeral file needs an end")
    );
    assert!(
        other(Purpose::Permanent, &|b| b.keep = Keep::For(day))[0].contains("permanent.keep: a permanent file is kept")
    );
    assert!(
        other(Purpose::Permanent, &|b| b.evict = true)[0]
            .contains("permanent.evict: a permanent file is never evicted")
    );
}

#[test]
fn what_nobody_reaches_is_named() {
    let behind = faults(|policy| policy.classes.push(Class { everybody: true, ..Class::new("late") }));
    assert_eq!(behind, ["class.late: never reached: class 'everybody' before it takes everybody"]);
    let tea = |name: &str| Class { domains: vec!["tea.example".into()], ..Class::new(name) };
    let twice = faults(|policy| policy.classes = vec![tea("a"), tea("b")]);
    assert_eq!(twice, ["class.b.domains: 'tea.example' is in class 'a' already"]);
    let nobody = faults(|policy| policy.classes = vec![Class::new("a")]);
    assert_eq!(nobody, ["class.a: nobody is in it: name domains or accounts, or say everybody"]);
    let by_domain = faults(|policy| {
        policy.classes = vec![Class { accounts: vec!["ann@tea.example".into(), "Ben@x/y".into()], ..tea("a") }];
    });
    assert_eq!(by_domain.len(), 2, "{by_domain:?}");
    let unused = faults(|policy| policy.directories = [("stories".into(), Purpose::Ephemeral)].into());
    assert_eq!(unused, ["directory.stories: no class can use it"]);
    let larger = faults(|policy| policy.hard = 1 << 30);
    assert!(larger.contains(&"class.everybody.hard: promises more than the whole service has (1 GiB)".to_owned()));
}

#[test]
fn types_are_compared_without_case_and_parameters() {
    let bucket = Bucket { types: vec!["image/*".into(), "text/plain".into()], ..Bucket::of(Purpose::Message) };
    for (text, taken) in [
        (Some("image/png"), true),
        (Some("IMAGE/PNG"), true),
        (Some("text/plain; charset=utf-8"), true),
        (Some("text/html"), false),
        (Some("image"), false),
        (Some("/png"), false),
        (Some(""), false),
        (None, false),
    ] {
        assert_eq!(bucket.takes(text), taken, "{text:?}");
    }
}

#[cfg(feature = "toml")]
#[test]
fn a_file_is_complained_about_with_line_and_field() {
    let complaints =
        |text: &str| -> Vec<String> { Policy::from_toml(text).unwrap_err().iter().map(ToString::to_string).collect() };
    let all = "[service]\nhard = '1 GB'\nsoft = 5\nspeed = 3\n[clas]\n[[class]]\nname = 'a'\neverybody = 'yes'\n\
               [class.message]\nkeep = '30 days'\nrate = 'often'\nmax-files = -1\n[class.stories]\n";
    assert_eq!(
        complaints(all),
        [
            "4: service.speed: there is no such field",
            "5: clas: there is no such table: there are service, directory and class",
            "8: class.a.everybody: true or false is expected",
            "10: class.a.message.keep: a time such as \"30 d\" or \"infinite\" is expected",
            "11: class.a.message.rate: a rate such as \"100 per 1 h\" is expected",
            "12: class.a.message.max-files: a whole number is expected, and not so large a one",
            "13: class.a.stories: there is no such field",
        ]
    );
    assert_eq!(complaints("[service\n")[0].split(':').next(), Some("1"));
    let late = "[[class]]\nname='a'\neverybody=true\n\n[[class]]\nname='b'\n[class.profile]\nsoft='1 TiB'\n";
    assert_eq!(
        complaints(late),
        [
            "5: class.b: never reached: class 'a' before it takes everybody",
            "8: class.b.profile.soft: more than hard (10 MiB): eviction would never stop there"
        ]
    );
    let nothing = complaints("");
    assert_eq!(nothing, ["1: class: there is none, so that nobody may upload"]);
}
