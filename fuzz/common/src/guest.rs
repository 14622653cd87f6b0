//! Programs frozen at many points, and the way back. One has state of every kind.

use std::num::NonZeroU64;
use std::sync::Arc;
use woodfrog::abi::{FuncType, Val, ValType};
use woodfrog::image::RawImage;
use woodfrog::platform::Platform;
use woodfrog::runtime::{CallError, Config, Engine, Linker, Module, Outcome, Store};

/// How many suspend points a thawed store may pass: a mutation may well have
/// made a loop's counter large.
const MAX_POINTS: NonZeroU64 = NonZeroU64::new(2000).expect("not 0");

/// Memory, tables, globals, references, dropped segments, direct and indirect
/// recursion, a host function, floats and integers in registers and on stacks.
pub const TEXT: &str = r#"
(module
  (type $visit (func (param i32 f64) (result i64)))
  (import "host" "twice" (func $twice (param i64) (result i64 f32)))
  (memory (export "memory") 1 3)
  (table $visitors 4 8 funcref)
  (table $kept 3 externref)
  (global $depth (mut i32) (i32.const 0))
  (global $sum (mut f64) (f64.const 0.5))
  (global $last (mut funcref) (ref.null func))
  (global $tag (mut externref) (ref.null extern))
  (elem (table $visitors) (i32.const 0) func $leaf $branch $leaf)
  (elem $spare func $leaf)
  (data (i32.const 64) "some bytes of the first page")
  (data (i32.const 5000) "so that there are pages to be packed")
  (data (i32.const 9000) "together")
  (data $once "used once, then dropped")
  (func $leaf (type $visit) (local $i i32) (local $h i64)
    (loop $again
      (local.set $h (i64.add (i64.rotl (local.get $h) (i64.const 5)) (i64.load offset=64 (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 3)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 12))))
    (global.set $sum (f64.add (global.get $sum) (local.get 1)))
    (call $twice (local.get $h))
    (drop))
  (func $branch (type $visit) (local $r funcref) (local $v i64)
    (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
    (local.set $r (ref.func $leaf))
    (i64.const 7)
    (f64.mul (local.get 1) (f64.const 1.5))
    (call_indirect $visitors (type $visit)
      (i32.sub (local.get 0) (i32.const 1))
      (local.get 1)
      (i32.gt_s (local.get 0) (i32.const 1)))
    (global.set $last (local.get $r))
    (drop (i32.div_s (i32.const 1000) (i32.add (global.get $depth) (i32.const 1))))
    (local.set $v)
    (i64.store offset=512 (i32.shl (local.get 0) (i32.const 3)) (local.get $v))
    (i64.add (i64.trunc_sat_f64_s))
    (i64.xor (i64.load offset=512 (i32.shl (local.get 0) (i32.const 3)))))
  (func (export "run") (param $n i32) (result i64) (local $h i64) (local $f f32)
    (memory.init $once (i32.const 256) (i32.const 0) (i32.const 23))
    (data.drop $once)
    (elem.drop $spare)
    (loop $again
      (local.set $f (f32.add (local.get $f) (f32.const 0.25)))
      (local.set $h (i64.xor (i64.mul (local.get $h) (i64.const 31))
          (call $branch (local.get $n) (f64.promote_f32 (local.get $f)))))
      (drop (memory.grow (i32.eq (local.get $n) (i32.const 2))))
      (memory.copy (i32.const 300) (i32.const 256) (i32.const 40))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.add (local.get $h) (i64.extend_i32_u (global.get $depth)))))
"#;

/// What is needed to thaw images of a program.
pub struct Host {
    /// The engine.
    pub engine: Engine,
    /// The host function.
    pub linker: Linker<()>,
    /// The program.
    pub modules: Vec<Module>,
}

/// What came of an image.
#[derive(Clone, Debug, PartialEq)]
pub enum Thawed {
    /// It was refused at this stage.
    Refused(&'static str),
    /// It ran to an end, or as long as it may.
    Ran(Ending),
}

/// How a thawed store ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// With results.
    Returned(Vec<Val>),
    /// With a trap.
    Trapped,
    /// Not yet.
    Suspended,
}

impl Host {
    /// The host of a program.
    ///
    /// # Panics
    ///
    /// Panics if the module is not valid.
    pub fn new(platform: Arc<dyn Platform>, wasm: &[u8]) -> Self {
        let engine = Engine::new(platform, Config::default());
        let modules = vec![Module::new(&engine, wasm).expect("a valid module")];
        let mut linker = Linker::new();
        let ty = FuncType::new([ValType::I64], [ValType::I64, ValType::F32]);
        linker.func_new("host", "twice", ty, |_, args, results| {
            let Val::I64(x) = args[0] else {
                unreachable!("arguments are of the type")
            };
            results[0] = Val::I64(x.wrapping_mul(2));
            results[1] = Val::F32(0.5f32.to_bits());
            Ok(())
        });
        Self {
            engine,
            linker,
            modules,
        }
    }

    /// Images at every `n`th suspend point of a call, and its results unless it traps.
    pub fn images(&mut self, name: &str, args: &[Val], n: u64) -> (Vec<Vec<u8>>, Vec<Val>) {
        let mut store = Store::new(&self.engine, ());
        let module = &self.modules[0];
        let instance = self
            .linker
            .instantiate(&mut store, module)
            .expect("it links");
        let function = instance.get_func(&store, name).expect("it is exported");
        store.set_freeze_every(NonZeroU64::new(n));
        let mut images = Vec::new();
        let mut outcome = function.call(&mut store, args);
        loop {
            match outcome {
                Ok(Outcome::Returned(values)) => return (images, values),
                Ok(Outcome::Suspended) => {
                    images.push(store.capture().expect("it can be captured").to_bytes());
                    outcome = store.resume();
                }
                Err(CallError::Trap(_)) => return (images, Vec::new()),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Images of all invocations that the directives of a program's text name, at most
    /// about so many.
    ///
    /// # Panics
    ///
    /// Panics if the text is not the program's.
    pub fn images_of_invocations(&mut self, text: &str, most: usize) -> Vec<Vec<u8>> {
        let mut images = Vec::new();
        for line in text
            .lines()
            .filter_map(|line| line.strip_prefix(";; invoke:"))
        {
            let mut words = line.split_whitespace();
            let name = words.next().expect("a function");
            let texts: Vec<_> = words.collect();
            let args = self.arguments(name, &texts);
            images.extend(self.images(name, &args, 1).0.into_iter().take(most));
        }
        let step = images.len().div_ceil(most).max(1);
        images.into_iter().step_by(step).collect()
    }

    /// Arguments in decimal as values of a function's parameter types.
    pub fn arguments(&mut self, name: &str, texts: &[&str]) -> Vec<Val> {
        let mut store = Store::new(&self.engine, ());
        let module = &self.modules[0];
        let instance = self
            .linker
            .instantiate(&mut store, module)
            .expect("it links");
        let ty = instance
            .get_func(&store, name)
            .expect("it is exported")
            .ty(&store);
        let argument = |(ty, text): (&ValType, &&str)| match ty {
            ValType::I32 => Val::I32(text.parse().expect("an i32")),
            ValType::I64 => Val::I64(text.parse().expect("an i64")),
            ValType::F64 => Val::F64(text.parse::<f64>().expect("an f64").to_bits()),
            ty => unreachable!("no program takes {ty}"),
        };
        ty.params.iter().zip(texts).map(argument).collect()
    }

    /// Takes bytes for an image, and runs it if it is one.
    pub fn thaw(&self, bytes: &[u8]) -> Thawed {
        let Ok(raw) = RawImage::parse(bytes) else {
            return Thawed::Refused("parse");
        };
        let modules: Vec<_> = self.modules.iter().map(Module::inner).collect();
        let Ok(image) = raw.validate(&modules) else {
            return Thawed::Refused("validate");
        };
        let Ok(mut store) = Store::restore(&self.engine, (), &self.linker, &self.modules, &image)
        else {
            return Thawed::Refused("restore");
        };
        if !store.is_suspended() {
            return Thawed::Refused("nothing to resume");
        }
        store.set_freeze_every(Some(MAX_POINTS));
        Thawed::Ran(match store.resume() {
            Ok(Outcome::Returned(values)) => Ending::Returned(values),
            Ok(Outcome::Suspended) => Ending::Suspended,
            Err(CallError::Trap(_)) => Ending::Trapped,
            Err(error) => panic!("a thawed store fails with {error}"),
        })
    }
}
