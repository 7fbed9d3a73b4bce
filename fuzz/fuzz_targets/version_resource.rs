//! libFuzzer's way into [`lode_fuzz::version_resource`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lode_fuzz::version_resource(data));
