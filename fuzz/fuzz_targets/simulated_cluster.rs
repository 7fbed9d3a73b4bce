//! libFuzzer's way into [`lode_fuzz::simulated_cluster`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lode_fuzz::simulated_cluster(data));
