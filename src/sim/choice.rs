//! How a byte of a random conversation stands for one of several things. The same byte is always the same thing, so a
//! conversation that failed can be kept.

/// One of a list; nothing only if the list is empty.
pub(super) fn one_of<T>(list: &[T], number: u8) -> Option<&T> {
    list.get(usize::from(number) % list.len().max(1))
}

/// One of a list of texts.
pub(super) fn pick<'a>(list: &[&'a str], number: u8) -> &'a str {
    one_of(list, number).copied().unwrap_or_default()
}

/// One text of a list in which each stands with its weight.
pub(super) fn weighted<'a>(list: &[(u32, &'a str)], number: u8) -> &'a str {
    let all: u32 = list.iter().map(|(weight, _)| weight).sum();
    debug_assert!(all <= 256, "what stands last can never be chosen");
    let mut left = u32::from(number) % all.max(1);
    let row = list.iter().find(|(weight, _)| {
        let here = left < *weight;
        left = left.saturating_sub(*weight);
        here
    });
    row.map(|(_, text)| *text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_chosen_as_often_as_it_weighs() {
        let list = [(2, "tea"), (0, "water"), (1, "milk")];
        let chosen: Vec<_> = (0..6).map(|number| weighted(&list, number)).collect();
        assert_eq!(chosen, ["tea", "tea", "milk", "tea", "tea", "milk"]);
        assert_eq!((weighted(&[], 3), pick(&[], 3), one_of::<u8>(&[], 3)), ("", "", None));
        assert_eq!((pick(&["a", "b"], 3), one_of(&[1, 2, 3], 4)), ("b", Some(&2)));
    }
}
