//! Writes the JavaScript glue of a WebAssembly module: `bindgen MODULE.wasm OUT_DIR`.
//!
//! Leaves `OUT_DIR/frontend.js` and `OUT_DIR/frontend_bg.wasm`, as `wasm-bindgen --target web --no-typescript` does.

use std::error::Error;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(module), Some(out_dir), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: bindgen MODULE.wasm OUT_DIR".into());
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).out_name("frontend").typescript(false).web(true)?;
    bindgen.generate(out_dir)?;
    Ok(())
}
