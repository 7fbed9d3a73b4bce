//! libFuzzer's way into [`lode_fuzz::blob_texts`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lode_fuzz::blob_texts(data));
