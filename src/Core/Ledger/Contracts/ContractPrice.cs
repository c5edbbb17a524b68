using Amalgam.Core.Cloud;

namespace Amalgam.Core.Ledger.Contracts;

/// <summary>What a device-hour costs under a contract.</summary>
public static class ContractPrice
{
    /// <summary>
    /// Nano-units per device-hour at an instant; 0 where neither the contract nor the list has a price. A fixed price is the contract's own, before and after it too;
    /// all else is what the unit pays then.
    /// </summary>
    public static long DeviceHourNano(Contract contract, CloudState state, long atMs)
    {
        ArgumentNullException.ThrowIfNull(contract);
        ArgumentNullException.ThrowIfNull(state);
        return contract.Price is { Kind: PriceTermsKind.Fixed } terms ? terms.DeviceHourNano : state.Tariffs.Device(contract.Unit, contract.ChipClass, atMs).Rates.DeviceHour;
    }
}
