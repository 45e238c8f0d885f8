//! The community year of `benches/peers`: kwartier comes to the sums that an independent definition gives.

#[path = "../benches/peers/community_year.rs"]
mod community_year;

use community_year::{Sums, options, run, sums, world};
use kwartier::engine::vector::Vector;
use rstest::rstest;

/// Relative. Flows are f32, seven digits; prices of a step too. The sums of a year keep more than five.
const F32_LANES: f64 = 1e-5;

/// The sums were published in six decimals. Made by kernels of `NumPy` and Numba in f64 from the same definition.
#[rstest]
#[case(10, [4_422.007_049, 19_656.152_678, 19_885.497_052, 1_820.374_600, 0.0, 29.633_258])]
#[case(100, [33_555.945_661, 163_007.274_035, 213_616.732_841, 17_993.196_083, 2.378_583, 295.270_183])]
fn the_sums_are_those_of_other_programs(#[case] homes: u32, #[case] published: [f64; 6]) {
    let world = world(homes);
    for vector in Vector::available() {
        let outcome = run(&world, &options(&world.calendar, vector));
        assert!(outcome.balance.holds(), "{:?}", outcome.balance);
        let Sums { cost_eur, import_kwh, export_kwh, shared_kwh, stored_kwh, peak_kw } = sums(&world, &outcome);
        let ours = [cost_eur, import_kwh, export_kwh, shared_kwh, stored_kwh, peak_kw];
        for (ours, published) in ours.into_iter().zip(published) {
            let off = (ours - published).abs() / published.abs().max(1.0);
            assert!(off <= F32_LANES, "{homes} homes, {vector:?}: {ours} instead of {published}, off by {off:.1e}");
        }
    }
}
