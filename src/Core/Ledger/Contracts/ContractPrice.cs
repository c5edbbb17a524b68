namespace Amalgam.Core.Ledger.Contracts;

/// <summary>What a device-hour costs under a contract.</summary>
public static class ContractPrice
{
    private const long Million = 1_000_000;

    /// <summary>Nano-units per device-hour at an instant; 0 where neither the contract nor the list has a price.</summary>
    public static long DeviceHourNano(Contract contract, PriceBook prices, long atMs)
    {
        ArgumentNullException.ThrowIfNull(contract);
        ArgumentNullException.ThrowIfNull(prices);
        var list = prices.At(PriceKind.DeviceHour, contract.ChipClass, atMs)?.DeviceHourNano ?? 0;
        return contract.Price switch
        {
            null => list,
            { Kind: PriceTermsKind.Fixed } terms => terms.DeviceHourNano,
            { Kind: PriceTermsKind.Discount } terms => Share(list, terms.ShareMillionths),
            { } terms => Math.Clamp(
                Share(list, terms.ShareMillionths), Share(terms.DeviceHourNano, Million - terms.BandMillionths), Share(terms.DeviceHourNano, Million + terms.BandMillionths)),
        };
    }

    private static long Share(long nano, long millionths) => checked((long)((((Int128)nano * millionths) + (Million / 2)) / Million));
}
