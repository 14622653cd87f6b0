//! Woodfrog as the subject of a comparison, frozen at random points or not.
//!
//! The program is compiled for the processor at hand and for the oldest one that will
//! do, in engines of their own, and in each of them once more without a register cache.
//! Every thaw takes one of the engines at random; now and then the frames of a suspended
//! store go, each at random, to the other code version of their module in place.

use crate::host::{self, HostLog};
use crate::program::{Call, FUEL_PER_CALL, Program};
use crate::random::Random;
use crate::tame::FUEL;
use crate::transcript::Subject;
use std::num::NonZeroU64;
use std::sync::Arc;
use woodfrog::abi::Val;
use woodfrog::compile::{CompileOptions, CpuFeatures, RegisterCache};
use woodfrog::image::RawImage;
use woodfrog::platform::Platform;
use woodfrog::runtime::{
    CallError, Config, Engine, Instance, InstantiateError, Linker, Module, Outcome, Store,
    VersionId,
};

/// The engines, to be shared by the runs of many programs.
pub struct Engines([Engine; 2]);

impl Engines {
    /// Engines for the processor at hand and for the oldest one.
    pub fn new(platform: Arc<dyn Platform>) -> Self {
        let config = Config::default();
        let oldest = Config {
            features: CpuFeatures::BASELINE,
            ..config.clone()
        };
        Self([config, oldest].map(|config| Engine::new(platform.clone(), config)))
    }
}

/// How a run is frozen.
#[derive(Clone, Debug)]
pub enum Freezing {
    /// Not at all.
    Never,
    /// At points that the generator picks.
    Random(Random),
}

/// One program in Woodfrog.
pub struct Woodfrog {
    modules: [Module; 2],
    version: usize,
    linker: Linker<HostLog>,
    /// None only while it is being thawed.
    store: Option<Store<HostLog>>,
    freezing: Freezing,
    most_freezes: u64,
    /// How often the store was suspended.
    pub suspensions: u64,
    /// How often it was frozen and thawed.
    pub freezes: u64,
}

impl Woodfrog {
    /// Compiles a program.
    ///
    /// # Panics
    ///
    /// Panics if it does not compile.
    pub fn new(engines: &Engines, program: &Program, freezing: Freezing) -> Self {
        let modules = engines.0.each_ref().map(|engine| compile(engine, program));
        let mut linker = Linker::new();
        for (index, ty) in host::functions().into_iter().enumerate() {
            let name = index.to_string();
            linker.func_new(host::MODULE, &name, ty, move |mut caller, args, results| {
                let log: &mut HostLog = caller.data_mut();
                log.answer(index, args, results);
                Ok(())
            });
        }
        let store = Some(Store::new(modules[0].engine(), HostLog::default()));
        Self {
            modules,
            version: 0,
            linker,
            store,
            freezing,
            most_freezes: u64::MAX,
            suspensions: 0,
            freezes: 0,
        }
    }

    /// The same, to be frozen at most at so many points.
    pub fn with_most_freezes(self, most_freezes: u64) -> Self {
        Self {
            most_freezes,
            ..self
        }
    }

    fn store(&mut self) -> &mut Store<HostLog> {
        self.store.as_mut().expect("there is always one in between")
    }

    fn instance(&mut self) -> Instance {
        // A thawed store is another store, so handles are looked up anew.
        let instance = self.store().instances().next();
        instance.expect("it was instantiated")
    }

    /// Picks the next point to suspend at. Most are near; some are far, so that loops get on.
    fn arm(&mut self) {
        let every = match &mut self.freezing {
            Freezing::Random(random) if self.freezes < self.most_freezes => {
                let bound = 1 << random.below(9);
                NonZeroU64::new(1 + random.below(bound) as u64)
            }
            _ => None,
        };
        self.store().set_freeze_every(every);
    }

    /// Goes on to the end, through as many images as it takes.
    fn finish(&mut self, mut result: Result<Outcome, CallError>) -> Result<Vec<Val>, String> {
        loop {
            match result {
                Ok(Outcome::Returned(values)) => return Ok(values),
                Ok(Outcome::Suspended) => {
                    self.suspended();
                    self.arm();
                    result = self.store().resume();
                }
                Err(CallError::Trap(trap)) => return Err(trap.code.message().to_owned()),
                Err(error) => panic!("a call fails with {error}"),
            }
        }
    }

    /// Freezes and thaws the store, or now and then lets it go on in place.
    fn suspended(&mut self) {
        self.suspensions += 1;
        let Freezing::Random(random) = &mut self.freezing else {
            unreachable!("nobody asked for it")
        };
        if random.is_one_in(4) {
            return self.change_versions();
        }
        self.version = random.below(2);
        self.freezes += 1;
        let store = self.store.take().expect("there is always one in between");
        let bytes = store.capture().expect("a suspended store").to_bytes();
        let log = store.into_data();
        let module = &self.modules[self.version];
        let image = RawImage::parse(&bytes).expect("an image of our own");
        let image = image.validate(&[module.inner()]).expect("a valid image");
        let modules = std::slice::from_ref(module);
        let store = Store::restore(module.engine(), log, &self.linker, modules, &image);
        let store = store.expect("a valid image");
        let again = store.capture().expect("a thawed store").to_bytes();
        assert!(again == bytes, "a thawed store freezes to another image");
        self.store = Some(store);
    }
}

impl Woodfrog {
    /// Goes on in other code, in place.
    fn change_versions(&mut self) {
        let Freezing::Random(random) = &mut self.freezing else {
            unreachable!("nobody asked for it")
        };
        let store = self.store.as_mut().expect("there is always one in between");
        let versions = [VersionId::FIRST, VersionId(1)];
        store
            .move_frames(|_| *random.pick(&versions))
            .expect("all versions have the same suspend points");
        let instance = store.instances().next().expect("it was instantiated");
        instance
            .set_version(&mut *store, *random.pick(&versions))
            .expect("it has two");
    }
}

/// Compiles a program for an engine, in two versions.
fn compile(engine: &Engine, program: &Program) -> Module {
    let module = Module::new(engine, &program.wasm).expect("a valid module");
    let options = CompileOptions {
        features: engine.config().features,
        cache: RegisterCache::Nothing,
        ..CompileOptions::default()
    };
    module.add_version(&options).expect("a valid module");
    module
}

impl Subject for Woodfrog {
    fn instantiate(&mut self) -> Result<(), String> {
        let store = self.store.as_mut().expect("there is always one in between");
        let instance = match self.linker.instantiate(&mut *store, &self.modules[0]) {
            Ok(instance) => instance,
            Err(InstantiateError::Trap(trap)) => return Err(trap.code.message().to_owned()),
            Err(error) => panic!("instantiation fails with {error}"),
        };
        self.arm();
        let result = instance.start(self.store());
        self.finish(result).map(|_| ())
    }

    fn call(&mut self, call: &Call) -> Result<Vec<Val>, String> {
        let instance = self.instance();
        let store = self.store();
        let fuel = instance.get_global(&*store, FUEL).expect("it is exported");
        fuel.set(&mut *store, Val::I32(FUEL_PER_CALL as i32))
            .expect("a mutable i32");
        let function = instance.get_func(&*store, &call.function);
        self.arm();
        let function = function.expect("it is exported");
        let result = function.call(self.store(), &call.args);
        self.finish(result)
    }

    fn host_log(&self) -> HostLog {
        *self
            .store
            .as_ref()
            .expect("there is always one in between")
            .data()
    }

    fn global(&mut self, name: &str) -> Val {
        let instance = self.instance();
        let store = self.store();
        instance
            .get_global(&*store, name)
            .expect("it is exported")
            .get(&*store)
    }

    fn memory<R>(&mut self, name: &str, look: impl FnOnce(&[u8]) -> R) -> R {
        let instance = self.instance();
        let store = &*self.store();
        look(
            instance
                .get_memory(store, name)
                .expect("it is exported")
                .data(&store),
        )
    }

    fn table(&mut self, name: &str) -> Vec<Val> {
        let instance = self.instance();
        let store = &*self.store();
        let table = instance.get_table(store, name).expect("it is exported");
        let element = |index| table.get(store, index).expect("below its size");
        (0..table.size(store)).map(element).collect()
    }
}
