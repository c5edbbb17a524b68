using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Ledger.Pricing;
using Xunit;
using static Core.Tests.Ledger.Pricing.PricedCloud;

namespace Core.Tests.Ledger.Pricing;

public sealed class TariffTests
{
    private readonly PricedCloud _cloud = new();

    [Fact]
    public void The_narrowest_scope_counts_unit_then_segment_then_list()
    {
        _cloud.Price(100, 0, "*");
        _cloud.Price(200, 0);
        _cloud.Price(150, 0, segment: "gold");
        _cloud.Price(120, 0, unit: "acme");

        Assert.Equal(100, _cloud.Nano("core", 5, "mi300x"));
        Assert.Equal(200, _cloud.Nano("core", 5));
        Assert.Equal(150, _cloud.Nano("birch", 5));
        Assert.Equal(120, _cloud.Nano("acme-lab", 5));
        Assert.Equal("list price 2", _cloud.Tariffs.Device("core", "h100", 5).Rule);
        Assert.Equal("price 4 (h100 for acme)", _cloud.Tariffs.Device("acme-lab", "h100", 5).Rule);
    }

    [Fact]
    public void A_version_holds_from_its_instant_to_the_instant_before_the_next()
    {
        _cloud.Price(100, 10);
        _cloud.Price(140, 20);

        Assert.Equal([0L, 100, 100, 140], new long[] { 9, 10, 19, 20 }.Select(at => _cloud.Nano("core", at)));
    }

    [Fact]
    public void A_withdrawn_version_lets_the_wider_scope_through_again()
    {
        _cloud.Price(100, 0);
        _cloud.Price(70, 10, segment: "gold");
        _cloud.Prices.Add(_cloud.Prices.Find(2)! with { Version = 3, FromMs = 20, Restores = 0 });

        Assert.Equal([100L, 70, 100], new long[] { 9, 10, 20 }.Select(at => _cloud.Nano("birch", at)));
    }

    [Fact]
    public void A_change_waits_for_the_notice_of_the_contract_and_the_line_says_so()
    {
        _cloud.Price(100, 0);
        _cloud.Sign(Contract("acme", 0, 300 * Day, noticeMs: 30 * Day));
        _cloud.Price(140, 10 * Day, announcedMs: 5 * Day);

        Assert.Equal([100L, 140], new[] { (35 * Day) - 1, 35 * Day }.Select(at => _cloud.Nano("acme-lab", at)));
        Assert.Equal(140, _cloud.Nano("core", 10 * Day));
        Assert.Equal("list price 1; list price 2 is held by the notice of contract c-acme", _cloud.Tariffs.Device("acme-lab", "h100", 12 * Day).Rule);
    }

    [Fact]
    public void A_lock_holds_longer_than_the_notice_and_ends_with_the_contract()
    {
        _cloud.Price(100, 0);
        _cloud.Sign(Contract("acme", 0, 60 * Day, noticeMs: Day, lockedUntilMs: 90 * Day));
        _cloud.Price(140, 10 * Day);

        Assert.Equal([100L, 100, 140], new[] { 10 * Day, (60 * Day) - 1, 60 * Day }.Select(at => _cloud.Nano("acme", at)));
        Assert.Contains("locked by contract c-acme until", _cloud.Tariffs.Device("acme", "h100", 11 * Day).Rule, StringComparison.Ordinal);
    }

    [Fact]
    public void An_undone_change_never_reaches_a_contract_whose_notice_was_still_running()
    {
        _cloud.Price(100, 0);
        _cloud.Sign(Contract("acme", 0, 300 * Day, noticeMs: 30 * Day));
        var change = _cloud.Price(140, 10 * Day, announcedMs: 10 * Day);
        _cloud.Prices.Add(_cloud.Prices.Find(1)! with { Version = 3, FromMs = 15 * Day, AnnouncedMs = change.AnnouncedMs, Restores = 1 });

        Assert.All(new[] { 10 * Day, 39 * Day, 40 * Day, 41 * Day, 50 * Day }, at => Assert.Equal(100, _cloud.Nano("acme", at)));
    }

    [Fact]
    public void Fixed_discounted_and_indexed_terms_make_the_price()
    {
        _cloud.Price(100, 0);
        _cloud.Price(180, 10);
        _cloud.Sign(Contract("acme", 0, 20, new PriceTerms(PriceTermsKind.Fixed, 77)));
        _cloud.Sign(Contract("birch", 0, 20, new PriceTerms(PriceTermsKind.Discount, ShareMillionths: 800_000)));
        _cloud.Sign(Contract("core", 0, 20, new PriceTerms(PriceTermsKind.Indexed, 100, BandMillionths: 100_000)));

        Assert.Equal([77L, 77, 180], new long[] { 9, 10, 20 }.Select(at => _cloud.Nano("acme", at)));
        Assert.Equal([80L, 144, 180], new long[] { 9, 10, 20 }.Select(at => _cloud.Nano("birch", at)));
        Assert.Equal([100L, 110, 180], new long[] { 9, 10, 20 }.Select(at => _cloud.Nano("core", at)));
        Assert.Equal((0, "c-acme"), (_cloud.Tariffs.Device("acme", "h100", 5).Version, _cloud.Tariffs.Device("acme", "h100", 5).ContractId));
        Assert.Equal("contract c-core: 100 % of list price 2, at the upper end of its band", _cloud.Tariffs.Device("core", "h100", 15).Rule);
    }

    [Fact]
    public void A_price_can_be_for_units_without_with_or_with_an_expiring_contract()
    {
        _cloud.Price(100, 0);
        _cloud.Price(101, 0, contracts: ContractState.None);
        _cloud.Price(102, 0, contracts: ContractState.Any);
        _cloud.Price(103, 0, contracts: ContractState.Expiring);
        _cloud.Sign(Contract("acme", 0, 200 * Day));

        Assert.Equal(101, _cloud.Nano("core", 1));
        Assert.Equal([102L, 103, 101], new[] { 1, 110 * Day, 200 * Day }.Select(at => _cloud.Nano("acme", at)));
    }

    [Fact]
    public void A_units_tariffs_follow_when_the_organisation_changes()
    {
        _cloud.Price(100, 0);
        _cloud.Price(60, 0, unit: "birch");
        Assert.Equal(100, _cloud.Nano("acme-lab", 5));

        _cloud.Units.Set(_cloud.Units.Find("acme-lab")! with { Parent = "birch" });

        Assert.Equal(60, _cloud.Nano("acme-lab", 5));
    }
}
