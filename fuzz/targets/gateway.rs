#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| multistage::gateway::played::check(data));
