//! Instructions of the three hottest kernels, counted by valgrind: the same number on every run, however busy the machine.
//!
//! Wants valgrind, and the runner of the crate's own version: `cargo install gungraun-runner --version 0.20.0`. Where one
//! is missing nothing is counted, and that is said. Valgrind knows no AVX-512: what is counted is AVX2. Each kernel works on
//! one block and day, 16 × 96 home-steps.

use std::process::Command;

fn main() {
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|done| done.status.success());
    let runs_under_valgrind = std::env::args().any(|word| word == "--gungraun-run");
    let runner = option_env!("GUNGRAUN_RUNNER").unwrap_or("gungraun-runner");
    if runs_under_valgrind || (has("valgrind") && has(runner)) {
        counted::run();
    } else {
        say("no instructions are counted: valgrind or gungraun-runner is missing (see benches/instructions.rs)");
    }
}

#[expect(clippy::print_stderr, reason = "why nothing is counted must be said")]
fn say(text: &str) {
    eprintln!("{text}");
}

mod counted {
    use std::hint::black_box;

    use gungraun::{library_benchmark, library_benchmark_group, main};
    use kwartier::engine::Options;
    use kwartier::engine::kernels::OneBlock;
    use kwartier::engine::world::World;
    use kwartier::study::standard;

    /// A block of a small neighbourhood on 21 June. It stays in memory: the process ends after one kernel.
    fn one() -> OneBlock<'static> {
        let mut world = World::new(standard::plan(100), &mut Vec::new()).unwrap_or_else(|faults| panic!("{faults:?}"));
        world.make_shapes();
        let options = Options { registers: standard::registers(&world.calendar), ..Options::default() };
        let (world, options) = (Box::leak(Box::new(world)), Box::leak(Box::new(options)));
        OneBlock::new(world, options, 171).expect("some of 100 homes have panels and a battery")
    }

    #[library_benchmark(setup = one)]
    fn shape_lookup(mut one: OneBlock<'static>) -> OneBlock<'static> {
        black_box(&mut one).look_up_shapes();
        one
    }

    #[library_benchmark(setup = one)]
    fn battery(mut one: OneBlock<'static>) -> OneBlock<'static> {
        black_box(&mut one).store();
        one
    }

    #[library_benchmark(setup = one)]
    fn sums(mut one: OneBlock<'static>) -> OneBlock<'static> {
        black_box(&mut one).exchange();
        one
    }

    library_benchmark_group!(name = kernels, benchmarks = [shape_lookup, battery, sums]);
    main!(library_benchmark_groups = kernels);

    pub(super) fn run() {
        main();
    }
}
