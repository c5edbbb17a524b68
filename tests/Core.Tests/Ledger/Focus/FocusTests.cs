using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Ledger.Focus;
using Amalgam.Core.Ledger.Pricing;
using Core.Tests.Ledger.Invoices;
using System.Globalization;
using Xunit;

namespace Core.Tests.Ledger.Focus;

/// <summary>What is exported keeps the specification's rules, and the checker finds what does not.</summary>
public sealed class FocusTests
{
    private static readonly BilledCloud Cloud = BilledCloud.Random(11);

    [Theory]
    [InlineData("1.4")]
    [InlineData("1.2")]
    public void Every_dataset_of_every_version_keeps_the_rules(string version)
    {
        for (var seed = 1; seed <= 10; seed++)
        {
            var state = BilledCloud.Random(seed).State;
            foreach (var table in Tables(state, version))
            {
                var found = FocusChecker.Check(table);
                Assert.True(found.Count == 0, $"seed {seed}, {table.Dataset} {version}: {string.Join("; ", found.Take(3))}");
            }
        }
    }

    [Fact]
    public void The_rows_of_an_invoice_add_up_to_it_and_all_rows_to_what_was_charged()
    {
        var table = Usage("1.4");
        decimal Billed(Func<int, bool> which) => Enumerable.Range(0, table.Rows.Count).Where(which).Sum(row => decimal.Parse(table.Cell(row, "BilledCost")!, CultureInfo.InvariantCulture));
        Assert.All(Cloud.State.Invoices.Invoices, issued =>
            Assert.Equal(issued.Invoice.TotalNano / 1_000_000_000m, Billed(row => table.Cell(row, "InvoiceId") == issued.Invoice.Number.ToString(CultureInfo.InvariantCulture))));
        Assert.Equal(Cloud.State.Bill.Lines.Sum(line => line.Value.AmountNano) / 1_000_000_000m, Billed(row => table.Cell(row, "ChargeCategory") == "Usage"));
    }

    [Fact]
    public void What_a_contract_a_tier_and_a_commitment_give_stands_beside_the_list_price()
    {
        var cloud = AgreedCloud();
        var table = FocusExport.CostAndUsage(cloud.State, "1.4", cloud.State.Bill.Lines, "group", 0, long.MaxValue);

        // birch-ml pays 80 % of the list price of 2.00; acme-lab the first 10 hours at list, what is beyond at 1.50; acme-web bought 5 hours at 1.00 and used 2.
        Assert.Equal([("2", "1.6", "Standard")], Prices(table, "birch-ml", "Device hours"));
        Assert.Equal([("2", "2", "Standard"), ("2", "1.5", "Standard")], Prices(table, "acme-lab", "Device hours"));
        Assert.Equal([("2", "2", "Committed")], Prices(table, "acme-web", "Device hours"));
        Assert.Equal([("1", "1", "Committed")], Prices(table, "acme-web", "Unused commitment device hours"));
        var used = Rows(table, "acme-web", "Device hours").Single();
        Assert.Equal(("2", "4", "4", "Used", "2"), (table.Cell(used, "BilledCost")!.TrimEnd('0').TrimEnd('.'), table.Cell(used, "ListCost"), table.Cell(used, "ContractedCost"), table.Cell(used, "CommitmentDiscountStatus"), table.Cell(used, "CommitmentDiscountQuantity")));
        Assert.Equal("{\"Elements\":[{\"ContractId\":\"q1\",\"ContractCommitmentId\":\"q1\",\"ContractCommitmentAppliedQuantity\":2,\"ContractCommitmentAppliedUnit\":\"Device-Hours\"}]}", table.Cell(used, "ContractApplied"));
        var idle = Rows(table, "birch-ml", "Reserved idle device hours").First();
        Assert.Equal(("c1", "Unused", "2", "1.6"), (table.Cell(idle, "CapacityReservationId"), table.Cell(idle, "CapacityReservationStatus"), table.Cell(idle, "ListUnitPrice"), table.Cell(idle, "ContractedUnitPrice")));
        Assert.Empty(FocusChecker.Check(table));
        Assert.Empty(FocusChecker.Check(table, FocusCommitments.Table(cloud.State, "1.4", "group", cloud.NowMs)));
        Assert.NotEmpty(FocusChecker.Check(table, FocusCommitments.Table(new BilledCloud().State, "1.4", "group", cloud.NowMs)));
    }

    [Fact]
    public void Rows_by_unit_price_add_up_to_the_line_that_they_are_of()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var state = BilledCloud.Random(seed).State;
            Assert.All(state.Bill.Lines.Where(line => line.Key.Rule is not null), line =>
            {
                var parts = state.Priced.Of(line.Key, 0).Concat(state.Invoices.PartsOf(line.Key).SelectMany(part => state.Priced.Of(line.Key, part.Invoice))).ToList();
                Assert.Equal((line.Value.Quantity, line.Value.AmountNano), (parts.Sum(part => part.Quantity), parts.Sum(part => part.AmountNano)));
                Assert.All(state.Invoices.PartsOf(line.Key), part => Assert.Equal(part.Amount.AmountNano, state.Priced.Of(line.Key, part.Invoice).Sum(priced => priced.AmountNano)));
            });
        }
    }

    /// <summary>What is not charged below list by a contract, a scope, a tier or a commitment differs from its contracted cost by less than a nano-unit a charge.</summary>
    [Fact]
    public void Billed_is_contracted_but_for_the_rounding_of_single_charges_where_no_commitment_is_used()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var cloud = BilledCloud.Random(seed);
            var table = FocusExport.CostAndUsage(cloud.State, "1.4", cloud.State.Bill.Lines, "group", 0, long.MaxValue);
            for (var row = 0; row < table.Rows.Count; row++)
            {
                if (table.Cell(row, "ChargeCategory") == "Usage" && table.Cell(row, "CommitmentDiscountId") is null && table.Cell(row, "SkuMeter") == "Device hours")
                {
                    decimal Number(string column) => decimal.Parse(table.Cell(row, column)!, CultureInfo.InvariantCulture);
                    Assert.True(Math.Abs(Number("BilledCost") - Number("ContractedCost")) < 0.000_001m, $"seed {seed}, row {row + 1}: {Number("BilledCost")} billed, {Number("ContractedCost")} contracted, {table.Cell(row, "x_Rule")}");
                }
            }
        }
    }

    [Theory]
    [InlineData("ContractedUnitPrice", "2.5", "Device hours", "birch-ml", "is not ContractedUnitPrice times")]
    [InlineData("ContractApplied", null, "Device hours", "acme-web", "must not be null when contract commitments are applied")]
    [InlineData("ContractApplied", "{\"ContractCommitmentID\":\"q1\"}", "Device hours", "acme-web", "must have an array Elements")]
    [InlineData("ContractApplied", "{\"Elements\":[{\"ContractId\":\"q1\"}]}", "Device hours", "acme-web", "must name a ContractId and a ContractCommitmentId")]
    [InlineData("ContractApplied", "{\"Elements\":[{\"ContractId\":\"q1\",\"ContractCommitmentId\":\"q1\"}]}", "Device hours", "acme-web", "must have a cost, or a quantity with its unit")]
    [InlineData("CommitmentDiscountStatus", null, "Device hours", "acme-web", "must not be null when CommitmentDiscountId is not null")]
    [InlineData("CommitmentDiscountId", null, "Device hours", "acme-web", "must be null when CommitmentDiscountId is null")]
    [InlineData("PricingCategory", "Standard", "Device hours", "acme-web", "is Committed exactly when")]
    [InlineData("ResourceId", "w1", "Unused commitment device hours", "acme-web", "must be equal to ResourceId")]
    [InlineData("ConsumedQuantity", "3", "Unused commitment device hours", "acme-web", "must be null when CommitmentDiscountStatus is Unused")]
    [InlineData("CapacityReservationId", null, "Reserved idle device hours", "birch-ml", "must not be null when a charge represents the unused portion")]
    [InlineData("CapacityReservationStatus", "Used", "Reserved idle device hours", "birch-ml", "is Unused exactly for the unused portion")]
    public void A_planted_error_about_what_was_agreed_is_found(string column, string? value, string meter, string unit, string said)
    {
        var cloud = AgreedCloud();
        var table = FocusExport.CostAndUsage(cloud.State, "1.4", cloud.State.Bill.Lines, "group", 0, long.MaxValue);
        Found(table, Rows(table, unit, meter).First(), column, value, said);
    }

    [Fact]
    public void A_contracted_price_where_nothing_was_agreed_is_found()
    {
        var table = Usage("1.4");
        var row = Enumerable.Range(0, table.Rows.Count).First(row => table.Cell(row, "x_Rule") == "list price" && table.Cell(row, "PricingQuantity") != "0");
        Found(table, row, "ContractedUnitPrice", "7", "must equal ListUnitPrice when no negotiated pricing terms apply");
    }

    [Theory]
    [InlineData("ContractCommitmentDiscountPercentage", "0.5", "null for availability")]
    [InlineData("ContractCommitmentPaymentUpfrontPercentage", "1", "is 0 for No Upfront")]
    [InlineData("ContractCommitmentFulfillmentInterval", "Full Commitment Period", "must not be the full period")]
    [InlineData("ContractCommitmentDurationType", "long", "is no number with a unit of time")]
    [InlineData("ContractCommitmentApplicability", "{}", "is global, or complex")]
    [InlineData("ContractCommitmentPaymentModel", "Later", "none of the allowed values")]
    public void A_planted_error_in_a_commitment_is_found(string column, string value, string said) =>
        Found(FocusCommitments.Table(AgreedCloud().State, "1.4", "group", BilledCloud.At(2026, 12, 2)), 0, column, value, said);

    private static void Found(FocusTable table, int row, string column, string? value, string said)
    {
        var cells = table.Rows[row].ToArray();
        cells[table.Columns.IndexOf(column)] = value;
        var found = FocusChecker.Check(table with { Rows = [.. table.Rows.Take(row), cells, .. table.Rows.Skip(row + 1)] });
        Assert.Contains(found, violation => violation.Row == row + 1 && $"{violation.Section}: {violation.Detail}".Contains(said, StringComparison.Ordinal));
    }

    /// <summary>A list price of 2.00, beyond 10 device-hours a month 1.50 for acme-lab alone; a reserved contract of birch-ml at 80 %; five device-hours of every month bought by acme-web.</summary>
    private static BilledCloud AgreedCloud()
    {
        var cloud = new BilledCloud { NowMs = BilledCloud.At(2026, 10, 20) };
        cloud.Price(PriceKind.DeviceHour, "h100", 2_000_000_000);
        cloud.Tiers("acme-lab", 2_000_000_000, new PriceTier(10, 1_500_000_000));
        cloud.Commit("acme-web", 5, 1_000_000_000);
        cloud.Meter();
        cloud.NowMs = BilledCloud.At(2026, 11, 2);
        cloud.Sign("birch-ml", 2, new PriceTerms(PriceTermsKind.Discount, ShareMillionths: 800_000), reserved: true);
        var leases = new[] { cloud.Start("acme-lab", 0, 1, 2, 3, 4, 5, 6), cloud.Start("birch-ml", 7) };
        cloud.NowMs += 2 * 3_600_000;
        Array.ForEach(leases, cloud.End);
        var web = cloud.Start("acme-web", 0);
        cloud.NowMs += 2 * 3_600_000;
        cloud.End(web);
        cloud.NowMs = BilledCloud.At(2026, 12, 2);
        cloud.Meter();
        return cloud;
    }

    private static IEnumerable<int> Rows(FocusTable table, string unit, string meter) =>
        Enumerable.Range(0, table.Rows.Count).Where(row => table.Cell(row, "SubAccountId") == unit && table.Cell(row, "SkuMeter") == meter);

    private static (string?, string?, string?)[] Prices(FocusTable table, string unit, string meter) =>
        [.. Rows(table, unit, meter).Select(row => (table.Cell(row, "ListUnitPrice"), table.Cell(row, "ContractedUnitPrice"), table.Cell(row, "PricingCategory"))).Distinct()];

    /// <summary>One planted error per group of rules.</summary>
    [Theory]
    [InlineData("BilledCost", null, "must not be null")]
    [InlineData("BilledCost", "1,50", "attributes.NumericFormat")]
    [InlineData("BillingAccountId", "", "attributes.NullHandling")]
    [InlineData("BillingCurrency", "EUX", "attributes.CurrencyFormat")]
    [InlineData("ChargePeriodStart", "2026-10-01 00:00", "attributes.DateTimeFormat")]
    [InlineData("ChargePeriodEnd", "2020-01-01T00:00:00Z", "is not after")]
    [InlineData("ChargeCategory", "Consumption", "none of the allowed values")]
    [InlineData("ServiceSubcategory", "Bots of ours", "no subcategory")]
    [InlineData("SkuPriceId", null, "must be null when SkuPriceId is null")]
    [InlineData("PricingQuantity", null, "must not be null when ChargeCategory is Usage")]
    [InlineData("ListCost", "1", "is not ListUnitPrice times PricingQuantity")]
    [InlineData("ListUnitPrice", "-1", "must not be negative")]
    [InlineData("ConsumedQuantity", null, "is null exactly when")]
    [InlineData("ConsumedUnit", "device hours", "attributes.UnitFormat")]
    [InlineData("SkuPriceDetails", "[1", "attributes.JsonObjectFormat")]
    [InlineData("CapacityReservationStatus", "Used", "must be null when CapacityReservationId is null")]
    [InlineData("InvoiceDetailId", "9-1", "must be null when InvoiceId is null")]
    public void A_planted_error_is_found(string column, string? value, string said)
    {
        var table = Usage("1.4");
        var row = Enumerable.Range(0, table.Rows.Count).First(row => table.Cell(row, "InvoiceId") is null && table.Cell(row, "ChargeCategory") == "Usage");
        var cells = table.Rows[row].ToArray();
        cells[table.Columns.IndexOf(column)] = value;
        var found = FocusChecker.Check(table with { Rows = [.. table.Rows.Take(row), cells, .. table.Rows.Skip(row + 1)] });
        Assert.Contains(found, violation => violation.Row == row + 1 && $"{violation.Section}: {violation.Detail}".Contains(said, StringComparison.Ordinal));
    }

    [Fact]
    public void Columns_are_checked_per_version()
    {
        var (new14, old12) = (Usage("1.4"), Usage("1.2"));
        Assert.DoesNotContain("ProviderName", new14.Columns);
        Assert.Contains(FocusChecker.Check(old12 with { Version = "1.4" }), found => found.Column == "ServiceProviderName");
        Assert.Contains(FocusChecker.Check(old12 with { Version = "1.4" }), found => found.Column == "PublisherName" && found.Detail.Contains("is no column", StringComparison.Ordinal));
        Assert.Contains(FocusChecker.Check(new14 with { Version = "1.2" }), found => found.Column == "ProviderName");
    }

    private static FocusTable Usage(string version) => FocusExport.CostAndUsage(Cloud.State, version, Cloud.State.Bill.Lines, "group", 0, long.MaxValue);

    private static IEnumerable<FocusTable> Tables(Amalgam.Core.Cloud.CloudState state, string version)
    {
        yield return FocusExport.CostAndUsage(state, version, state.Bill.Lines, "group", 0, long.MaxValue);
        if (version == "1.4")
        {
            yield return FocusDocuments.InvoiceDetail(state, version, "group");
            yield return FocusDocuments.BillingPeriod(state, version, state.LastAtMs);
            yield return FocusCommitments.Table(state, version, "group", state.LastAtMs);
        }
    }
}
