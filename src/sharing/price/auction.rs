//! A double auction: members bid for kWh and ask for kWh, and trade while a bid is at least an ask.
//!
//! Bids are sorted from the highest, asks from the lowest, and matched in that order until a bid is below an ask. The
//! last two that traded are the *marginal pair*. A price at which no refused order would rather have traded and no
//! traded one rather not lies in the *supporting interval*: from the higher of the marginal ask and the next bid (still
//! unserved, whole or in part) to the lower of the marginal bid and the next ask.
//!
//! Members say what they like: none of the prices here makes it best to tell the truth.

use super::{PriceError, check_price, check_quantity};

/// What of a level's kWh counts as served when no more than this part is left: sums of decimal kWh in f64.
const DUST: f64 = 1e-12;

/// A bid or an ask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Order {
    /// Whose it is: the member's index.
    pub member: usize,
    /// How much at most, kWh, ≥ 0.
    pub kwh: f64,
    /// The highest price of a bid, or the lowest of an ask.
    pub eur_per_kwh: f64,
}

/// What the trades cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pricing {
    /// One price: the middle of the marginal pair.
    MarginalPair,
    /// One price: the middle of the supporting interval.
    SupportingInterval,
    /// Each trade at the middle of its own bid and ask.
    PayAsBid,
}

/// Who comes first of orders at one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ties {
    /// All, each in proportion to its kWh.
    ProRata,
    /// The one that stands earlier in the list.
    Time,
}

/// One kWh flow between two members.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trade {
    /// The member that takes.
    pub buyer: usize,
    /// The member that gives.
    pub seller: usize,
    /// How much, kWh.
    pub kwh: f64,
    /// At what price.
    pub eur_per_kwh: f64,
}

/// The outcome of an auction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Auction {
    /// The trades, best matched first.
    pub trades: Vec<Trade>,
    /// Σ of the trades, kWh.
    pub kwh: f64,
    /// The last bid and ask that traded, EUR/kWh; none without trade.
    pub marginal_pair: Option<(f64, f64)>,
    /// The lowest and highest price that supports the trades, EUR/kWh; none without trade.
    pub supporting_interval: Option<(f64, f64)>,
    /// The one price of all trades; none without trade, and none where each has its own.
    pub uniform_eur_per_kwh: Option<f64>,
}

impl Auction {
    /// Σ kWh × price, EUR.
    pub fn turnover_eur(&self) -> f64 {
        self.trades.iter().map(|trade| trade.kwh * trade.eur_per_kwh).sum()
    }

    /// What each of `members` pays, EUR; negative is income. The sum is zero.
    ///
    /// # Panics
    /// When a trade is of a member beyond `members`.
    pub fn payments_eur(&self, members: usize) -> Vec<f64> {
        let mut payments = vec![0.0; members];
        for trade in &self.trades {
            payments[trade.buyer] += trade.kwh * trade.eur_per_kwh;
            payments[trade.seller] -= trade.kwh * trade.eur_per_kwh;
        }
        payments
    }
}

/// Holds a double auction.
///
/// # Arguments
/// * `bids`, `asks` – in order of arrival; a member may have several, and may stand on both sides.
///
/// # Invariants
/// Each trade is at a price between its ask and its bid; no order trades more than its kWh (to 1e-12 of it).
///
/// # Errors
/// A quantity that is negative or not finite, or a price that is not finite.
pub fn auction(bids: &[Order], asks: &[Order], pricing: Pricing, ties: Ties) -> Result<Auction, PriceError> {
    for order in bids.iter().chain(asks) {
        check_quantity("the kWh of an order", order.kwh)?;
        check_price("the price of an order", order.eur_per_kwh)?;
    }
    let bids = levels(bids, ties, |a, b| b.total_cmp(&a));
    let asks = levels(asks, ties, |a, b| a.total_cmp(&b));
    let mut result = Auction::default();
    let (mut bid_at, mut ask_at) = (0, 0);
    let (mut bid_left, mut ask_left) = (first_kwh(&bids, 0), first_kwh(&asks, 0));
    while let (Some(bid), Some(ask)) = (bids.get(bid_at), asks.get(ask_at)) {
        if bid.eur_per_kwh < ask.eur_per_kwh {
            break;
        }
        let kwh = bid_left.min(ask_left);
        trade(&mut result.trades, bid, ask, kwh);
        result.kwh += kwh;
        result.marginal_pair = Some((bid.eur_per_kwh, ask.eur_per_kwh));
        bid_left -= kwh;
        ask_left -= kwh;
        // Both are asked first: the dust of one level must not keep the other open.
        let dust = DUST * (bid.kwh + ask.kwh);
        if bid_left <= dust {
            bid_at += 1;
            bid_left = first_kwh(&bids, bid_at);
        }
        if ask_left <= dust {
            ask_at += 1;
            ask_left = first_kwh(&asks, ask_at);
        }
    }
    if let Some((bid, ask)) = result.marginal_pair {
        let lowest = bids.get(bid_at).map_or(ask, |next| ask.max(next.eur_per_kwh));
        let highest = asks.get(ask_at).map_or(bid, |next| bid.min(next.eur_per_kwh));
        result.supporting_interval = Some((lowest, highest));
        result.uniform_eur_per_kwh = match pricing {
            Pricing::MarginalPair => Some(f64::midpoint(bid, ask)),
            Pricing::SupportingInterval => Some(f64::midpoint(lowest, highest)),
            Pricing::PayAsBid => None,
        };
        if let Some(price) = result.uniform_eur_per_kwh {
            for trade in &mut result.trades {
                trade.eur_per_kwh = price;
            }
        }
    }
    Ok(result)
}

/// Orders that are served together, in proportion to their kWh.
struct Level {
    eur_per_kwh: f64,
    kwh: f64,
    orders: Vec<Order>,
}

fn levels(orders: &[Order], ties: Ties, by_price: impl Fn(f64, f64) -> std::cmp::Ordering) -> Vec<Level> {
    let mut sorted: Vec<Order> = orders.iter().copied().filter(|order| order.kwh > 0.0).collect();
    // Stable, so the order of arrival holds within a price.
    sorted.sort_by(|a, b| by_price(a.eur_per_kwh, b.eur_per_kwh));
    let mut levels: Vec<Level> = Vec::new();
    for order in sorted {
        match levels.last_mut() {
            Some(level) if ties == Ties::ProRata && by_price(level.eur_per_kwh, order.eur_per_kwh).is_eq() => {
                level.kwh += order.kwh;
                level.orders.push(order);
            }
            _ => levels.push(Level { eur_per_kwh: order.eur_per_kwh, kwh: order.kwh, orders: vec![order] }),
        }
    }
    levels
}

fn first_kwh(levels: &[Level], at: usize) -> f64 {
    levels.get(at).map_or(0.0, |level| level.kwh)
}

/// Every buyer of the level with every seller of the other, in proportion to both.
fn trade(trades: &mut Vec<Trade>, bid: &Level, ask: &Level, kwh: f64) {
    let eur_per_kwh = f64::midpoint(bid.eur_per_kwh, ask.eur_per_kwh);
    for buyer in &bid.orders {
        for seller in &ask.orders {
            let part = (buyer.kwh / bid.kwh) * (seller.kwh / ask.kwh);
            trades.push(Trade { buyer: buyer.member, seller: seller.member, kwh: kwh * part, eur_per_kwh });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn order(member: usize, kwh: f64, eur_per_kwh: f64) -> Order {
        Order { member, kwh, eur_per_kwh }
    }

    fn hold(pricing: Pricing) -> Auction {
        let bids = [order(0, 3.0, 0.30), order(1, 4.0, 0.24), order(2, 3.0, 0.15)];
        let asks = [order(3, 4.0, 0.08), order(4, 3.0, 0.14), order(5, 4.0, 0.20)];
        auction(&bids, &asks, pricing, Ties::ProRata).expect("finite")
    }

    #[test]
    fn a_uniform_price_is_the_middle_of_the_marginal_pair() {
        let result = hold(Pricing::MarginalPair);
        assert!((result.kwh - 7.0).abs() < 1e-12);
        assert_eq!(result.marginal_pair, Some((0.24, 0.14)));
        assert!((result.uniform_eur_per_kwh.expect("trade") - 0.19).abs() < 1e-12);
        assert!((result.turnover_eur() - 1.33).abs() < 1e-12);
        let paid = result.payments_eur(6);
        for (paid, expected) in paid.iter().zip([0.57, 0.76, 0.0, -0.76, -0.57, 0.0]) {
            assert!((paid - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn the_supporting_interval_looks_at_the_refused_too() {
        let result = hold(Pricing::SupportingInterval);
        assert_eq!(result.supporting_interval, Some((0.15, 0.20)));
        assert!((result.uniform_eur_per_kwh.expect("trade") - 0.175).abs() < 1e-12);
        assert!((result.turnover_eur() - 7.0 * 0.175).abs() < 1e-12);
    }

    #[test]
    fn pay_as_bid_prices_each_pair() {
        let result = hold(Pricing::PayAsBid);
        let trades: Vec<(usize, usize)> = result.trades.iter().map(|t| (t.buyer, t.seller)).collect();
        assert_eq!(trades, [(0, 3), (1, 3), (1, 4)]);
        for (trade, (kwh, price)) in result.trades.iter().zip([(3.0, 0.19), (1.0, 0.16), (3.0, 0.19)]) {
            assert!((trade.kwh - kwh).abs() < 1e-12 && (trade.eur_per_kwh - price).abs() < 1e-12);
        }
        assert!((result.turnover_eur() - 1.30).abs() < 1e-12);
        assert_eq!(result.uniform_eur_per_kwh, None);
    }

    #[test]
    fn tied_bids_share_or_queue() {
        let bids = [order(0, 1.0, 0.2), order(1, 3.0, 0.2)];
        let asks = [order(2, 2.0, 0.1)];
        let serves = |ties, expected: [f64; 2]| {
            let result = auction(&bids, &asks, Pricing::MarginalPair, ties).expect("finite");
            for (buyer, expected) in expected.iter().enumerate() {
                let kwh: f64 = result.trades.iter().filter(|t| t.buyer == buyer).map(|t| t.kwh).sum();
                assert!((kwh - expected).abs() < 1e-12);
            }
        };
        serves(Ties::ProRata, [0.5, 1.5]);
        serves(Ties::Time, [1.0, 1.0]);
    }

    #[test]
    fn a_bid_served_in_part_sets_the_supporting_price() {
        let result = auction(&[order(0, 5.0, 0.3)], &[order(1, 2.0, 0.1)], Pricing::SupportingInterval, Ties::Time);
        assert_eq!(result.expect("finite").supporting_interval, Some((0.3, 0.3)));
    }

    #[test]
    fn rounding_of_kwh_does_not_move_the_marginal_pair() {
        let bids = [order(0, 0.1, 0.3), order(1, 0.2, 0.25)];
        let asks = [order(2, 0.3, 0.1), order(3, 5.0, 0.2)];
        let result = auction(&bids, &asks, Pricing::MarginalPair, Ties::Time).expect("finite");
        assert_eq!(result.marginal_pair, Some((0.25, 0.1)));
    }

    #[test]
    fn without_a_side_or_an_overlap_nothing_trades() {
        let (bid, ask) = ([order(0, 1.0, 0.1)], [order(1, 1.0, 0.2)]);
        for (bids, asks) in [(&bid[..], &[][..]), (&[], &ask), (&bid, &ask), (&[order(0, 0.0, 0.5)], &ask)] {
            let result = auction(bids, asks, Pricing::MarginalPair, Ties::Time).expect("finite");
            assert_eq!(result, Auction::default());
        }
        let refused = auction(&[order(0, -1.0, 0.1)], &ask, Pricing::PayAsBid, Ties::Time);
        assert!(matches!(refused, Err(PriceError::NotAQuantity { .. })));
    }

    /// Prices in whole cents, so that ties are common.
    fn orders() -> impl Strategy<Value = Vec<(f64, u8)>> {
        prop::collection::vec((0.0..5.0_f64, 5_u8..35), 0..10)
    }

    proptest! {
        #[test]
        fn nobody_trades_beyond_its_order_and_money_sums_to_zero(bids in orders(), asks in orders()) {
            let list = |orders: &[(f64, u8)], first: usize| -> Vec<Order> {
                orders.iter().enumerate().map(|(i, o)| order(first + i, o.0, f64::from(o.1) / 100.0)).collect()
            };
            let all = bids.len() + asks.len();
            let (bids, asks) = (list(&bids, 0), list(&asks, bids.len()));
            for pricing in [Pricing::MarginalPair, Pricing::SupportingInterval, Pricing::PayAsBid] {
                for ties in [Ties::ProRata, Ties::Time] {
                    let result = auction(&bids, &asks, pricing, ties).expect("finite");
                    prop_assert!(result.payments_eur(all).iter().sum::<f64>().abs() < 1e-12);
                    let mut left: Vec<f64> = bids.iter().chain(&asks).map(|o| o.kwh).collect();
                    for trade in &result.trades {
                        let (bid, ask) = (bids[trade.buyer], asks[trade.seller - bids.len()]);
                        prop_assert!(trade.eur_per_kwh <= bid.eur_per_kwh + 1e-12);
                        prop_assert!(trade.eur_per_kwh >= ask.eur_per_kwh - 1e-12);
                        left[trade.buyer] -= trade.kwh;
                        left[trade.seller] -= trade.kwh;
                    }
                    prop_assert!(left.iter().all(|kwh| *kwh > -1e-10));
                    if let Some((low, high)) = result.supporting_interval {
                        prop_assert!(low <= high);
                    }
                }
            }
        }
    }
}
