#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    xmpp_machines::sim::talk_sm::fuzz(data);
    xmpp_machines::sim::talk_sm::fuzz_snapshot(data);
});
