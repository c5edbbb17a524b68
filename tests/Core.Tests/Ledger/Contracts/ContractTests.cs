using Amalgam.Contracts;
using Amalgam.Core.Cloud;
using Amalgam.Core.Allocation;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Ledger.Stock;
using Xunit;
using Xunit.Abstractions;

namespace Core.Tests.Ledger.Contracts;

public sealed class ContractTests(ITestOutputHelper output)
{
    private const int Seed = 1_848;

    [Fact]
    public void Contracts_signed_without_overcommit_never_promise_more_than_the_healthy_stock_at_any_instant()
    {
        output.WriteLine($"seed {Seed}");
        for (var round = 0; round < 40; round++)
        {
            Assert.Null(RandomContracts(Seed + round));
        }
    }

    /// <summary>P8 broken on purpose: a contract is signed without a look at the stock.</summary>
    [Fact]
    public void A_contract_signed_without_looking_is_found()
    {
        var found = RandomContracts(Seed, signsWithoutLooking: true);
        output.WriteLine(found);
        Assert.NotNull(found);
    }

    [Fact]
    public void Devices_are_a_firm_guarantee_from_the_first_instant_to_the_last_and_not_beyond()
    {
        var cloud = Healthy(8);
        Assert.Null(cloud.Sign("a", 6, "2027-01-01", "2028-02-29"));
        var (from, to) = (SupplyCloud.At("2027-01-01"), SupplyCloud.At("2028-02-29"));
        Assert.Equal([0, 6000, 6000, 0], new[] { from - 1, from, to - 1, to }.Select(at => AllocationInput.Of(cloud.State, AllocationHistory.Empty, at).Units.Single(unit => unit.Name == "a").Firm["h100"]));
        Assert.Equal(from, AllocationInput.NextChangeMs(cloud.State, cloud.NowMs, null));
        Assert.Equal(to, AllocationInput.NextChangeMs(cloud.State, from, null));
        Assert.Null(AllocationInput.NextChangeMs(cloud.State, to, null));
    }

    [Fact]
    public void In_the_instant_in_which_a_contract_begins_borrowers_make_room_and_not_before()
    {
        var cloud = Healthy(8);
        Assert.Null(cloud.Sign("a", 6, "2027-01-01", "2027-02-01"));
        var borrower = cloud.Submit("b", 8);
        cloud.Plan();
        var client = cloud.Submit("a", 6);
        cloud.NowMs = SupplyCloud.At("2027-01-01") - 1;
        cloud.Plan();
        Assert.True(cloud.Runs(borrower));
        Assert.False(cloud.Runs(client));
        cloud.NowMs = SupplyCloud.At("2027-01-01");
        cloud.Plan();
        cloud.Plan();
        Assert.True(cloud.Runs(client));
        Assert.False(cloud.Runs(borrower));
    }

    [Fact]
    public void Beyond_the_stock_it_is_refused_with_the_numbers_or_signed_knowingly_and_recorded()
    {
        var cloud = Healthy(8);
        Assert.Null(cloud.Sign("a", 6, "2027-01-01", "2028-01-01"));
        var refusal = cloud.Sign("b", 4, "2026-12-15", "2027-06-01");
        Assert.Contains("would promise 10 from 2027-01-01 00:00:00Z on where 8 are healthy (6 are promised by contract already): at most 2 fit", refusal!.Message, StringComparison.Ordinal);
        Assert.Null(cloud.Sign("b", 4, "2026-12-15", "2027-06-01", overcommit: true));
        Assert.Equal(2000, cloud.State.Contracts.OvercommitMilli("c2"));
        Assert.Null(cloud.Sign("b", 2, "2028-01-01", "2029-01-01"));
    }

    [Fact]
    public void A_project_draws_on_the_contract_of_its_customer_instead_of_adding_to_it()
    {
        var cloud = Healthy(8);
        cloud.Unit("a-lab", "a");
        Assert.Null(cloud.Sign("a", 8, "2027-01-01", "2028-01-01"));
        Assert.Null(cloud.Sign("a-lab", 5, "2027-01-01", "2028-01-01"));
        Assert.Equal(8000, Promises.FirmMilli(cloud.State, "h100", SupplyCloud.At("2027-06-01")));
    }

    [Theory]
    [InlineData(0, "2027-01-01", "2028-01-01", "more than 0")]
    [InlineData(1.0005, "2027-01-01", "2028-01-01", "three decimals")]
    [InlineData(1, "2026-11-30", "2028-01-01", "in the past")]
    [InlineData(1, "2027-01-01", "2027-01-01", "not after its begin")]
    [InlineData(1, "2027-01-01", "2099-01-01", "at most 50 years")]
    public void What_makes_no_contract_is_refused_in_one_line(decimal devices, string from, string to, string part) =>
        Assert.Contains(part, Healthy(8).Sign("a", devices, from, to)!.Message, StringComparison.Ordinal);

    [Fact]
    public void Unknown_units_classes_prices_and_percentages_are_named()
    {
        var cloud = Healthy(8);
        var fine = new ContractRequest { Unit = "a", ChipClass = "h100", Devices = 1, To = DateTimeOffset.Parse("2027-12-01T00:00:00Z", System.Globalization.CultureInfo.InvariantCulture) };
        var before = cloud.State.LastSequence;
        foreach (var (request, part) in (IEnumerable<(ContractRequest, string)>)
        [
            (fine with { Unit = "nobody" }, "no unit 'nobody'"), (fine with { ChipClass = "abacus" }, "'abacus'"), (fine with { To = null }, "--to"), (fine with { PricePerDeviceHour = "2,50" }, "'2,50' is no price"),
            (fine with { DiscountPercent = 101 }, "the discount must be between 0 % and 100 %"), (fine with { PricePerDeviceHour = "1", DiscountPercent = 1 }, "give one of"),
            (fine with { Indexed = new("2.50", 10, 1000) }, "the band"), (fine with { ServiceLevel = new(101, 1) }, "the service level"), (fine with { LockedUntil = fine.To!.Value.AddDays(1) }, "locked until"),
        ])
        {
            Assert.Contains(part, cloud.Sign(request)!.Message, StringComparison.Ordinal);
        }

        Assert.Equal(before, cloud.State.LastSequence);
        Assert.Null(cloud.Sign(fine));
    }

    /// <summary>The first instant at which more is promised than is healthy; null when none is.</summary>
    private static string? RandomContracts(int seed, bool signsWithoutLooking = false)
    {
        var random = new Random(seed);
        var cloud = Healthy(0);
        string[] units = ["a", "b", "a-lab", "a-ops"];
        cloud.Unit("a-lab", "a");
        cloud.Unit("a-ops", "a");
        cloud.Receive("h100", random.Next(4, 20));
        cloud.Receive("h100", random.Next(1, 10), "2027-06-01");
        for (var step = 0; step < 25; step++)
        {
            cloud.NowMs += random.Next(0, 20) * SupplyCloud.Day;
            var from = DateTimeOffset.FromUnixTimeMilliseconds(cloud.NowMs).AddDays(random.Next(0, 400));
            cloud.Sign(new ContractRequest { Unit = units[random.Next(4)], ChipClass = "h100", Devices = random.Next(1, 9), From = from, To = from.AddDays(random.Next(1, 400)) });
            if (signsWithoutLooking && cloud.State.Contracts.All is [.., var last])
            {
                cloud.Add(new ContractSigned(last with { Id = $"c{cloud.State.Contracts.NextNumber}" }));
            }

            foreach (var at in cloud.State.Contracts.All.SelectMany(contract => (long[])[contract.FromMs, contract.EndMs - 1]).Where(at => at >= cloud.NowMs))
            {
                var (promised, healthy) = (Promises.FirmMilli(cloud.State, "h100", at), Supply.Devices(cloud.State, "h100", cloud.NowMs, at) * 1000);
                if (promised > healthy)
                {
                    return $"seed {seed}, step {step}: {promised} promised of {healthy} at {at}";
                }
            }
        }

        return null;
    }

    private static SupplyCloud Healthy(int devices)
    {
        var cloud = new SupplyCloud();
        if (devices > 0)
        {
            cloud.Node("n1", "h100", devices);
        }

        cloud.Unit("a");
        cloud.Unit("b");
        return cloud;
    }
}
