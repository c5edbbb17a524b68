using System.Globalization;
using System.Text.Json.Nodes;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger.Pricing;

namespace Amalgam.Core.Ledger.Focus;

/// <summary>Columns of one row of usage about its price: list, contracted and billed; contract, commitment and reservation.</summary>
internal static class FocusPricing
{
    public static void Fill(Dictionary<string, string?> cells, CloudState state, BillKey key, PricedPart part)
    {
        var tokens = key.Meter.IsTokens();
        var quantity = tokens ? part.Quantity / 1_000_000m : decimal.Round(part.Quantity / 3_600_000_000m, 15);
        var (list, agreed) = (part.Prices.ListNano / (decimal)Nano.PerUnit, part.Prices.AgreedNano / (decimal)Nano.PerUnit);
        cells["BilledCost"] = cells["EffectiveCost"] = Nano.Format(part.AmountNano);
        (cells["ListUnitPrice"], cells["ListCost"]) = (FocusExport.Text(list), FocusExport.Text(quantity * list));
        (cells["ContractedUnitPrice"], cells["ContractedCost"]) = (FocusExport.Text(agreed), FocusExport.Text(quantity * agreed));
        cells["PricingQuantity"] = FocusExport.Text(quantity);
        cells["PricingUnit"] = tokens ? "1000000 Tokens" : "Device-Hours";
        var commitment = part.Prices.CommitmentId;
        cells["PricingCategory"] = commitment is null ? "Standard" : "Committed";
        // Nothing was consumed of what a commitment has left over (CostAndUsage.ConsumedQuantity).
        if (key.Meter != Meter.UnusedCommitmentDeviceHours)
        {
            cells["ConsumedQuantity"] = tokens ? part.Quantity.ToString(CultureInfo.InvariantCulture) : FocusExport.Text(quantity);
            cells["ConsumedUnit"] = tokens ? "Tokens" : "Device-Hours";
        }

        if (commitment is not null)
        {
            Commitment(cells, key, commitment, FocusExport.Text(quantity));
        }

        if (key.Meter == Meter.ReservedIdleDeviceHours)
        {
            (cells["CapacityReservationId"], cells["CapacityReservationStatus"]) = (key.ContractId, "Unused");
        }

        cells["ContractApplied"] = Applied(state, key, part, commitment, tokens ? null : quantity);
    }

    /// <summary>The price that would hold for everybody, and the monthly quantity beyond which it does: what the specification calls a SKU price.</summary>
    public static string SkuPriceId(string skuId, UnitPrices prices) => string.Create(
        CultureInfo.InvariantCulture, $"{skuId}/{prices.ListVersion}{(prices.Above == 0 ? "" : $"/above-{prices.Above}")}");

    private static void Commitment(Dictionary<string, string?> cells, BillKey key, string commitment, string quantity)
    {
        cells["CommitmentDiscountCategory"] = "Usage";
        cells["CommitmentDiscountId"] = commitment;
        cells["CommitmentDiscountName"] = $"{key.ChipClass}, monthly";
        cells["CommitmentDiscountQuantity"] = quantity;
        cells["CommitmentDiscountStatus"] = key.Meter == Meter.UnusedCommitmentDeviceHours ? "Unused" : "Used";
        cells["CommitmentDiscountType"] = "Monthly device-hours";
        cells["CommitmentDiscountUnit"] = "Device-Hours";
    }

    /// <summary>
    /// Contracts that set, held back or reserved, and commitments: ContractAppliedObject of the specification. Tokens count by cost, because a contract promises devices.
    /// </summary>
    private static string? Applied(CloudState state, BillKey key, PricedPart part, string? commitment, decimal? deviceHours)
    {
        var elements = new JsonArray();
        foreach (var id in new[] { key.ContractId, commitment }.OfType<string>().Where(id => state.Contracts.Find(id) is not null || state.Commitments.Find(id) is not null))
        {
            var element = new JsonObject { ["ContractId"] = id, ["ContractCommitmentId"] = id };
            if (deviceHours is { } hours)
            {
                (element["ContractCommitmentAppliedQuantity"], element["ContractCommitmentAppliedUnit"]) = (hours, "Device-Hours");
            }
            else
            {
                element["ContractCommitmentAppliedCost"] = part.AmountNano / (decimal)Nano.PerUnit;
            }

            elements.Add(element);
        }

        return elements.Count == 0 ? null : new JsonObject { ["Elements"] = elements }.ToJsonString();
    }
}
