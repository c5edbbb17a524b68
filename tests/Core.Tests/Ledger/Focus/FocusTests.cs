using Amalgam.Core.Ledger.Focus;
using Amalgam.Core.Ledger;
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
            yield return FocusDocuments.ContractCommitment(state, version, "group", state.LastAtMs);
        }
    }
}
