//! Prints the comparison of two ways to wake devices that sleep, as it stands in the profile of the push router.

#[expect(clippy::print_stdout, reason = "that is what it is for")]
fn main() {
    print!("{}", xmpp_machines::sim::sleep::table());
}
