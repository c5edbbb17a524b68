using Amalgam.Core.Ledger.Contracts;

namespace Amalgam.Core.Ledger.Pricing;

/// <summary>What a contract or a commitment makes of a price.</summary>
internal static class ContractTerms
{
    public static Tariff Apply(Tariff tariff, Contract contract) => contract.Price switch
    {
        { Kind: PriceTermsKind.Fixed } terms => tariff with
        {
            Version = 0, ContractId = contract.Id, Payer = contract.Unit, Rates = new Rates(terms.DeviceHourNano), Tiers = [], Rule = $"fixed price of contract {contract.Id}",
        },
        { Kind: PriceTermsKind.Discount } terms => tariff with
        {
            ContractId = contract.Id, Payer = contract.Unit, Rates = tariff.Rates.Times(terms.ShareMillionths), Tiers = Map(tariff.Tiers, nano => Rates.Times(nano, terms.ShareMillionths)),
            Rule = $"contract {contract.Id}: {Percent(terms.ShareMillionths)} % of {tariff.Rule}",
        },
        { Kind: PriceTermsKind.Indexed } terms => Indexed(tariff, contract, terms),
        _ => tariff,
    };

    /// <summary>The committed quantity comes first; what is beyond it costs what the place in the month's quantity costs without the commitment.</summary>
    public static Tariff Apply(Tariff tariff, Commitment commitment)
    {
        var beyond = tariff.Rates;
        foreach (var tier in tariff.Tiers.Where(tier => tier.Above <= commitment.DeviceHours))
        {
            beyond = tier.Rates;
        }

        return tariff with
        {
            Agreed = tariff, CommitmentId = commitment.Id, Payer = commitment.Unit, Rates = new Rates(commitment.DeviceHourNano),
            Tiers = [new PriceTier(commitment.DeviceHours, beyond.DeviceHour), .. tariff.Tiers.Where(tier => tier.Above > commitment.DeviceHours)],
            Rule = $"commitment {commitment.Id}: the first {commitment.DeviceHours} device-hours of a month at {Nano.Format(commitment.DeviceHourNano)}, beyond them {tariff.Rule}",
        };
    }

    private static Tariff Indexed(Tariff tariff, Contract contract, PriceTerms terms)
    {
        var low = Rates.Times(terms.DeviceHourNano, 1_000_000 - terms.BandMillionths);
        var high = Rates.Times(terms.DeviceHourNano, 1_000_000 + terms.BandMillionths);
        var follows = Rates.Times(tariff.Rates.DeviceHour, terms.ShareMillionths);
        var kept = Math.Clamp(follows, low, high);
        return tariff with
        {
            ContractId = contract.Id, Payer = contract.Unit, Rates = new Rates(kept), Tiers = Map(tariff.Tiers, nano => Math.Clamp(Rates.Times(nano, terms.ShareMillionths), low, high)),
            Rule = $"contract {contract.Id}: {Percent(terms.ShareMillionths)} % of {tariff.Rule}{(kept == follows ? "" : kept == high ? ", at the upper end of its band" : ", at the lower end of its band")}",
        };
    }

    private static IReadOnlyList<PriceTier> Map(IReadOnlyList<PriceTier> tiers, Func<long, long> nano) =>
        [.. tiers.Select(tier => tier with { DeviceHourNano = nano(tier.DeviceHourNano) })];

    private static decimal Percent(int millionths) => millionths / 10_000m;
}

/// <summary>Why a price holds, in words for a line of the bill.</summary>
internal static class TariffRules
{
    public static string Of(Price? price) => price switch
    {
        null => Of(0),
        { Unit: null, Segment: null, OnClass: null, Contracts: ContractState.All, Tiers: null } => Of(price.Version),
        _ => $"price {price.Version} ({price.Scope}{(price.Tiers is null ? "" : ", by monthly quantity")})",
    };

    public static string Of(int version) => version == 0 ? "no price" : $"list price {version}";

    public static string HeldBack(string rule, Contract contract, Price? free, long atMs)
    {
        var why = contract.LockedUntilMs > atMs ? $"locked by contract {contract.Id} until {Day(contract.LockedUntilMs.Value)}" : $"held by the notice of contract {contract.Id}";
        return $"{rule}; {TariffRules.Of(free)} is {why}";
    }

    private static string Day(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd HH:mm'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
