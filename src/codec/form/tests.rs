//! Forms as they come and go.

use super::*;
use crate::codec::{Reader, Stanza, Writer};
use crate::ns;

fn on_the_wire(form: &Form) -> Stanza {
    let mut writer = Writer::inheriting(ns::CLIENT);
    writer.open("message", ns::CLIENT);
    form.write(&mut writer);
    writer.close();
    Reader::one(ns::CLIENT, &writer.finish()).unwrap()
}

fn back(form: &Form) -> Result<Form, FormError> {
    Form::read(on_the_wire(form).child("x", ns::DATA).unwrap())
}

fn raw(xml: &str) -> Stanza {
    Reader::one(ns::CLIENT, format!("<message><x xmlns='jabber:x:data' {xml}</x></message>").as_bytes()).unwrap()
}

fn read(xml: &str) -> Result<Form, FormError> {
    Form::read(raw(xml).child("x", ns::DATA).unwrap())
}

fn fault(var: &str, fault: FormFault) -> FormError {
    FormError { field: Some(var.to_owned()), fault }
}

fn offered() -> Form {
    let mut form = Form::new(FormType::Form)
        .form_type("urn:x:kettle")
        .with(Field::fixed("About tea"))
        .with(Field::new("name", FieldType::TextSingle).label("Name").desc("Its name").required().value("pot"))
        .with(Field::new("hot", FieldType::Boolean).flag(true))
        .with(Field::new("owner", FieldType::JidSingle))
        .with(Field::new("friends", FieldType::JidMulti))
        .with(Field::new("sort", FieldType::ListSingle).option(Some("Green"), "g").option(None, "b"))
        .with(
            Field::new("with", FieldType::ListMulti)
                .option(None, "milk")
                .option(None, "honey")
                .open()
                .list_range(Some(1), Some(2)),
        )
        .with(Field::new("cups", FieldType::TextSingle).datatype("xs:integer").range(Some("1"), Some("12")))
        .with(Field::new("notes", FieldType::TextMulti).value("a").value("b"))
        .with(Field::new("pin", FieldType::TextPrivate));
    form.title = Some("Kettle".to_owned());
    form.instructions = vec!["Fill".to_owned(), "in".to_owned()];
    form
}

#[test]
fn a_form_reads_as_written() {
    let form = offered();
    assert_eq!(back(&form), Ok(form));
    let mut result = Form::new(FormType::Result).form_type("urn:x:kettle");
    result.reported = vec![Field::new("a", FieldType::TextSingle), Field::new("b", FieldType::JidSingle).label("B")];
    result.items = vec![vec![Field::of("a", "1"), Field::of("b", "x@y")], vec![Field::of("a", "2 < 3")]];
    assert_eq!(back(&result), Ok(result));
    let validated = Form::new(FormType::Form).with(Field {
        validate: Some(Validate { method: Method::Regex("(a+)+$".to_owned()), ..Validate::default() }),
        ..Field::new("re", FieldType::TextSingle)
    });
    assert_eq!(back(&validated), Ok(validated));
}

#[test]
fn a_form_says_what_is_wrong_with_it() {
    assert_eq!(read(">"), Err(FormError { field: None, fault: FormFault::NotAForm }));
    assert_eq!(read("type='odd'>"), Err(FormError { field: None, fault: FormFault::NotAForm }));
    assert_eq!(read("type='form'><field/>"), Err(FormError { field: None, fault: FormFault::NoVar }));
    let option = "type='form'><field var='a'><option/></field>";
    assert_eq!(read(option), Err(fault("a", FormFault::Option)));
    let late = "type='result'><item><field var='a'/></item><reported/>";
    assert_eq!(read(late), Err(FormError { field: None, fault: FormFault::Reported }));
    let validate = "type='form'><field var='a'><validate xmlns='http://jabber.org/protocol/xdata-validate'>";
    let two = read(&format!("{validate}<open/><regex>x</regex></validate></field>"));
    assert_eq!(two, Err(fault("a", FormFault::Validate)));
    let number = read(&format!("{validate}<list-range min='x'/></validate></field>"));
    assert_eq!(number, Err(fault("a", FormFault::Validate)));
    assert_eq!(two.unwrap_err().to_string(), "field 'a': its validation contradicts itself");
}

#[test]
fn what_is_unknown_is_passed_over() {
    let form = read("type='form'>text<odd/><field var='a' type='odd'><media xmlns='urn:xmpp:media-element'/></field>");
    assert_eq!(form, Ok(Form::new(FormType::Form).with(Field::new("a", FieldType::TextSingle))));
}

#[test]
fn a_submission_is_what_the_caller_allows() {
    let submitted = |xml: &str, allow| Form::submitted(raw(xml).child("x", ns::DATA).unwrap(), "urn:x:kettle", allow);
    let (strict, lax) = (Allow::default(), Allow { type_form: true, no_form_type: true });
    let typed = "<field var='FORM_TYPE'><value>urn:x:kettle</value></field>";
    assert!(submitted(&format!("type='submit'>{typed}"), strict).is_ok());
    let as_form = format!("type='form'>{typed}");
    assert_eq!(submitted(&as_form, strict), Err(FormError { field: None, fault: FormFault::Type }));
    assert!(submitted(&as_form, lax).is_ok());
    assert_eq!(submitted("type='submit'>", strict), Err(fault("FORM_TYPE", FormFault::FormType)));
    assert!(submitted("type='submit'>", lax).is_ok());
    let other = "type='submit'><field var='FORM_TYPE'><value>urn:x:pan</value></field>";
    assert_eq!(submitted(other, lax), Err(fault("FORM_TYPE", FormFault::FormType)));
    let twice = format!("type='submit'>{typed}<field var='a'/><field var='a'/>");
    assert_eq!(submitted(&twice, lax), Err(fault("a", FormFault::Twice)));
    assert_eq!(submitted("type='cancel'>", strict).map(|form| form.type_), Ok(FormType::Cancel));
    assert_eq!(submitted("type='result'>", lax), Err(FormError { field: None, fault: FormFault::Type }));
}

#[test]
fn a_submission_fits_what_was_offered() {
    let filled = || {
        Form::new(FormType::Submit)
            .with(Field::of("with", "lemon").value("milk"))
            .with(Field::of("unheard-of", "").value(""))
            .with(Field::of("cups", "012"))
            .with(Field::of("owner", ""))
    };
    let named = || filled().with(Field::of("name", "pot"));
    assert_eq!(named().check(&offered()), Ok(()));
    assert_eq!(filled().check(&offered()), Err(fault("name", FormFault::Missing)));
    assert_eq!(filled().with(Field::of("name", "")).check(&offered()), Err(fault("name", FormFault::Missing)));
    for (field, wrong) in [
        (Field::of("name", "other"), FormFault::Twice),
        (Field::of("hot", "yes"), FormFault::Value),
        (Field::of("sort", "x"), FormFault::Choice),
        (Field::of("sort", "g").value("b"), FormFault::Values),
        (Field::of("friends", "a@b").value("@"), FormFault::Value),
    ] {
        let var = field.var.clone().unwrap();
        assert_eq!(named().with(field).check(&offered()), Err(fault(&var, wrong)));
    }
    for (cups, wrong) in [("13", FormFault::Range), ("0", FormFault::Range), ("1.5", FormFault::Value)] {
        let form = Form::new(FormType::Submit).with(Field::of("cups", cups));
        assert_eq!(form.check(&offered()), Err(fault("cups", wrong)));
    }
    let many = Form::new(FormType::Submit).with(Field::of("with", "a").value("b").value("c"));
    assert_eq!(many.check(&offered()), Err(fault("with", FormFault::Count)));
}

#[test]
fn a_form_type_is_hidden_or_submitted() {
    let shown = Form::new(FormType::Result).with(Field::new("FORM_TYPE", FieldType::TextSingle).value("urn:x"));
    assert_eq!(shown.get_form_type(), None);
    assert_eq!(offered().get_form_type(), Some("urn:x:kettle"));
    assert_eq!(Form::new(FormType::Submit).with(Field::of("FORM_TYPE", "urn:x")).get_form_type(), Some("urn:x"));
    assert_eq!((offered().flag("hot"), offered().flag("name"), offered().get("name")), (Some(true), None, Some("pot")));
}
