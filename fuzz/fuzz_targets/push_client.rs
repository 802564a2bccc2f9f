#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| xmpp_machines::sim::talk_push_client::fuzz(data));
