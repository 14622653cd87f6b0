//! Small programs that embed Woodfrog, in `bin/`, and the examples of its documentation, which
//! are run from here: they need a platform, and the library has none for Linux.

#[cfg(doctest)]
mod documentation {
    #[doc = include_str!("../../../README.md")]
    struct Readme;

    #[doc = include_str!("../../../src/runtime/examples/call.md")]
    struct Call;

    #[doc = include_str!("../../../src/runtime/examples/limits.md")]
    struct Limits;

    #[doc = include_str!("../../../src/runtime/examples/lazy_thaw.md")]
    struct LazyThaw;

    #[doc = include_str!("../../../src/runtime/examples/pending.md")]
    struct Pending;

    #[doc = include_str!("../../../src/wasi/examples/program.md")]
    struct Program;

    #[doc = include_str!("../../../src/compile/examples/compile.md")]
    struct Compile;
}
