using System.Collections.Immutable;
using System.Globalization;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Admission;
using Amalgam.Core.Ledger.Stock;

namespace Amalgam.ControlPlane.Views;

/// <summary>Admission rules as the API shows them, and what they would say.</summary>
public static class PolicyViews
{
    public static PolicyView Of(AdmissionRule rule, long nowMs) => new()
    {
        Name = rule.Name,
        State = rule.InForce(nowMs) ? "in-force" : nowMs < rule.BeginMs ? "to-come" : "ended",
        From = WorkloadViews.Time(rule.BeginMs),
        To = rule.ToMs is { } to ? WorkloadViews.Time(to) : null,
        Effect = rule.Allows ? "allow" : "refuse",
        When = Conditions(rule),
        Message = rule.Message,
        Alternative = rule.Alternative,
    };

    public static string Conditions(AdmissionRule rule)
    {
        var (unit, chip) = (rule.Unit, rule.Class);
        string?[] parts =
        [
            .. unit.Facts.Select(Fact),
            unit.Contract is { } contract ? (contract ? "a contract on the class" : "no contract on the class") : null,
            unit.UsesClass is { } uses ? (uses ? "used the class before" : "has not used the class before") : null,
            unit.BreadthBelow is { } below ? $"fewer than {below} kinds of use" : null,
            unit.BreadthAtLeast is { } least ? $"at least {least} kinds of use" : null,
            chip.Names.IsEmpty ? null : $"class {string.Join(" or ", chip.Names)}",
            chip.ExceptNames.IsEmpty ? null : $"class not {string.Join(" or ", chip.ExceptNames)}",
            chip.Vendors.IsEmpty ? null : $"vendor {string.Join(" or ", chip.Vendors)}",
            chip.Replenishable is { } more ? (more ? "replenishable" : "not replenishable") : null,
            Scarce(chip),
        ];
        return parts.Any(part => part is not null) ? string.Join(", ", parts.Where(part => part is not null)) : "always";
    }

    public static PolicyTestView Test(CloudState state, string unit, string chipClass, ICatalogue catalogue, long nowMs)
    {
        var speeds = ExpectedSpeeds.Of(state, chipClass, Supply.Classes(state), catalogue);
        var rules = AdmissionView.Of(state, nowMs);
        var answer = rules is null ? null : AdmissionAnswer.Of(state, rules, unit, chipClass, speeds, nowMs);
        var other = answer?.Alternative;
        return new PolicyTestView
        {
            Unit = unit,
            Customer = AdmissionView.Customer(state, unit),
            ChipClass = chipClass,
            Allowed = answer is null,
            Rule = answer?.Rule.Name,
            Explanation = answer is null ? $"{unit} may begin to use {chipClass}" : answer.Text,
            Alternative = other?.ChipClass ?? answer?.Rule.Alternative,
            AlternativeSpeed = other?.SpeedMillionths / 1e6,
            AlternativePricePerDeviceHour = other?.DeviceHourNano is { } nano ? Nano.Format(nano) : null,
            PricePerDeviceHour = AdmissionAnswer.PriceOf(state, unit, chipClass, nowMs) is { } price ? Nano.Format(price) : null,
            Facts = rules is null ? state.Units.Facts(unit) : Facts(state, rules, unit, chipClass),
        };
    }

    private static Dictionary<string, string> Facts(CloudState state, AdmissionView rules, string unit, string chipClass) => new(state.Units.Facts(unit), StringComparer.Ordinal)
    {
        ["contract"] = rules.HasContract(unit, chipClass) ? "yes" : "no",
        ["uses-class"] = rules.UsedBefore(unit, chipClass, long.MaxValue) ? "yes" : "no",
        ["breadth"] = rules.Breadth(unit).ToString(CultureInfo.InvariantCulture),
        ["leased-share"] = Percent(rules.LeasedShareMillionths(chipClass)),
        ["replenishable"] = state.Stock.IsReplenishable(chipClass) ? "yes" : "no",
    };

    private static string Fact(FactCondition condition) => condition.Test switch
    {
        FactTest.OneOf => $"{condition.Fact} {string.Join(" or ", condition.Values)}",
        FactTest.NoneOf => $"{condition.Fact} not {string.Join(" or ", condition.Values)}",
        FactTest.Before => $"{condition.Fact} before {condition.Values[0]}",
        _ => $"{condition.Fact} since {condition.Values[0]} or later",
    };

    private static string? Scarce(ClassConditions chip)
    {
        var share = chip.LeasedShareAboveMillionths is { } leased ? $"more than {Percent(leased)} leased" : null;
        var price = chip.ScarcityPriceAboveMillionths is { } scarcity ? string.Create(CultureInfo.InvariantCulture, $"scarcity price above {scarcity / 1e6:0.######}") : null;
        return share is not null && price is not null ? $"{share} or {price}" : share ?? price;
    }

    private static string Percent(long millionths) => $"{(millionths / 10_000m).ToString("0.##", CultureInfo.InvariantCulture)} %";
}
