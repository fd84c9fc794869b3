//! Link arguments for the addon; nothing for the layers below it.

fn main() {
    #[cfg(feature = "addon")]
    napi_build::setup();
}
