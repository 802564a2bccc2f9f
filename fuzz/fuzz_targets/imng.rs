#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    xmpp_machines::sim::imng::talk::fuzz(data);
    xmpp_machines::sim::imng::talk::fuzz_snapshot(data);
});
