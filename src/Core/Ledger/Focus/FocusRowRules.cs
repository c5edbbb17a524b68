using System.Globalization;
using System.Text.Json;

namespace Amalgam.Core.Ledger.Focus;

/// <summary>Rules that look at several columns of one row. Sections are those of the specification's column pages, heading "Requirements".</summary>
internal static class FocusRowRules
{
    /// <summary>Subcategories of the categories that this cloud uses, CostAndUsage.ServiceSubcategory.</summary>
    private static readonly Dictionary<string, string[]> Subcategories = new(StringComparer.Ordinal)
    {
        ["AI and Machine Learning"] = ["AI Platforms", "Bots", "Generative AI", "Machine Learning", "Natural Language Processing", "Other (AI and Machine Learning)"],
        ["Compute"] = ["Containers", "End User Computing", "Quantum Compute", "Serverless Compute", "Virtual Machines", "Other (Compute)"],
        ["Other"] = ["Other (Other)"],
    };

    public static IEnumerable<FocusViolation> CostAndUsage(FocusTable table, int row)
    {
        FocusViolation Wrong(string column, string detail) => new($"CostAndUsage.{column}", row + 1, column, detail);
        string? Cell(string column) => table.Cell(row, column);

        foreach (var wrong in Periods(table, row, "BillingPeriodStart", "BillingPeriodEnd").Concat(Periods(table, row, "ChargePeriodStart", "ChargePeriodEnd"))
            .Concat(Pricing(table, row)).Concat(Costs(table, row)).Concat(FocusAgreementRules.CostAndUsage(table, row)))
        {
            yield return wrong;
        }

        if (Cell("ChargeCategory") != "Usage" && Cell("ConsumedQuantity") is not null)
        {
            yield return Wrong("ConsumedQuantity", "must be null when ChargeCategory is not Usage");
        }

        if (Cell("ConsumedQuantity") is null != Cell("ConsumedUnit") is null)
        {
            yield return Wrong("ConsumedUnit", "is null exactly when ConsumedQuantity is");
        }

        if (Cell("ResourceId") is null && (Cell("ResourceName") ?? Cell("ResourceType")) is not null)
        {
            yield return Wrong("ResourceName", "must be null when ResourceId is null");
        }

        if (Cell("SubAccountId") is null && Cell("SubAccountName") is not null)
        {
            yield return Wrong("SubAccountName", "must be null when SubAccountId is null");
        }

        if (Cell("InvoiceId") is null && Cell("InvoiceDetailId") is not null)
        {
            yield return Wrong("InvoiceDetailId", "must be null when InvoiceId is null");
        }

        if (Cell("ServiceSubcategory") is { } sub && Cell("ServiceCategory") is { } category
            && Subcategories.TryGetValue(category, out var known) && !known.Contains(sub, StringComparer.Ordinal))
        {
            yield return Wrong("ServiceSubcategory", $"'{sub}' is no subcategory of {category}");
        }
    }

    /// <summary>All that depends on SkuPriceId.</summary>
    private static IEnumerable<FocusViolation> Pricing(FocusTable table, int row)
    {
        var (category, correction) = (table.Cell(row, "ChargeCategory"), table.Cell(row, "ChargeClass") == "Correction");
        var priced = category is "Usage" or "Purchase" && !correction;
        foreach (var column in (ReadOnlySpan<string>)["PricingQuantity", "PricingUnit", "ListUnitPrice", "ContractedUnitPrice", "PricingCategory", "SkuPriceDetails", "SkuMeter"])
        {
            var value = table.Cell(row, column);
            if (value is not null && (column == "SkuMeter" ? table.Cell(row, "SkuId") : table.Cell(row, "SkuPriceId")) is null)
            {
                return [new FocusViolation($"CostAndUsage.{column}", row + 1, column, "must be null when SkuPriceId is null")];
            }

            if (value is null && priced && column is not ("SkuPriceDetails" or "SkuMeter"))
            {
                return [new FocusViolation($"CostAndUsage.{column}", row + 1, column, $"must not be null when ChargeCategory is {category} and ChargeClass is not Correction")];
            }

            if (column.EndsWith("UnitPrice", StringComparison.Ordinal) && value is not null && Number(value) < 0)
            {
                return [new FocusViolation($"CostAndUsage.{column}", row + 1, column, "must not be negative")];
            }
        }

        if (priced && table.Cell(row, "SkuPriceId") is null)
        {
            return [new FocusViolation("CostAndUsage.SkuPriceId", row + 1, "SkuPriceId", $"must not be null when ChargeCategory is {category} and ChargeClass is not Correction")];
        }

        return priced && category == "Usage" && table.Cell(row, "ConsumedQuantity") is null && table.Cell(row, "CommitmentDiscountStatus") != "Unused"
            ? [new FocusViolation("CostAndUsage.ConsumedQuantity", row + 1, "ConsumedQuantity", "must not be null for usage")]
            : [];
    }

    /// <summary>Costs against unit prices and quantities; the product is exact, so that no tolerance is needed.</summary>
    private static IEnumerable<FocusViolation> Costs(FocusTable table, int row)
    {
        var quantity = Number(table.Cell(row, "PricingQuantity"));
        foreach (var (cost, price) in (ReadOnlySpan<(string, string)>)[("ListCost", "ListUnitPrice"), ("ContractedCost", "ContractedUnitPrice")])
        {
            if (quantity is { } amount && Number(table.Cell(row, price)) is { } unit && Number(table.Cell(row, cost)) is { } total && unit * amount != total)
            {
                return [new FocusViolation($"CostAndUsage.{cost}", row + 1, cost, $"{total} is not {price} times PricingQuantity ({unit * amount})")];
            }
        }

        if (table.Cell(row, "ChargeCategory") is "Credit" or "Adjustment" && Number(table.Cell(row, "EffectiveCost")) != Number(table.Cell(row, "BilledCost")))
        {
            return [new FocusViolation("CostAndUsage.EffectiveCost", row + 1, "EffectiveCost", "equals BilledCost for credits and adjustments")];
        }

        return table.Cell(row, "ChargeCategory") == "Credit" && Number(table.Cell(row, "ContractedCost")) != Number(table.Cell(row, "BilledCost"))
            ? [new FocusViolation("CostAndUsage.ContractedCost", row + 1, "ContractedCost", "equals BilledCost for credits")]
            : [];
    }

    public static IEnumerable<FocusViolation> InvoiceDetail(FocusTable table, int row)
    {
        foreach (var wrong in Periods(table, row, "BillingPeriodStart", "BillingPeriodEnd"))
        {
            yield return wrong;
        }

        if (table.Cell(row, "InvoiceIssueStatus") == "Issued" && table.Cell(row, "InvoiceIssueDate") is null)
        {
            yield return new FocusViolation("InvoiceDetail.InvoiceIssueDate", row + 1, "InvoiceIssueDate", "must not be null for an invoice that was issued");
        }

        if (table.Cell(row, "InvoiceDetailGrain") is { } grain && !Keys(grain).All(key => key.StartsWith("x_", StringComparison.Ordinal) || GrainKeys.Contains(key)))
        {
            yield return new FocusViolation("InvoiceDetail.InvoiceDetailGrain", row + 1, "InvoiceDetailGrain", "a key that FOCUS does not define begins with x_");
        }
    }

    private static readonly HashSet<string> GrainKeys = ["ContractId", "RegionId", "ResourceId", "ResourceType", "ServiceName", "SkuId", "SkuMeter", "SkuPriceId", "SubAccountId"];

    /// <summary>Begin inclusive, end exclusive: never empty, never backwards.</summary>
    public static IEnumerable<FocusViolation> Periods(FocusTable table, int row, string start, string end) =>
        table.Cell(row, start) is { } from && table.Cell(row, end) is { } to && string.CompareOrdinal(from, to) >= 0
            ? [new FocusViolation($"{table.Dataset}.{end}", row + 1, end, $"{to} is not after {start} {from}")]
            : [];

    internal static decimal? Number(string? text) => decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static List<string> Keys(string json)
    {
        try
        {
            using var read = JsonDocument.Parse(json);
            return [.. read.RootElement.EnumerateObject().Select(property => property.Name)];
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            return [];
        }
    }
}
