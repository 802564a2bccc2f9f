#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    xmpp_machines::sim::talk_service::fuzz(data);
    xmpp_machines::sim::talk_service::fuzz_snapshot(data);
});
