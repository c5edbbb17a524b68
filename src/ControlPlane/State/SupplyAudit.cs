using System.Globalization;
using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.Views;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;

namespace Amalgam.ControlPlane.State;

/// <summary>Records about contracts, stock and rules, in words.</summary>
internal static class SupplyAudit
{
    public static (string What, string Subject, string Detail, string? Unit) Of(CloudState state, JournalEvent fact) => fact switch
    {
        ContractSigned signed => ("contract signed", signed.Contract.Id,
            $"{Devices(signed.Contract.MilliDevices)} {signed.Contract.ChipClass} for {signed.Contract.Unit}, {Date(signed.Contract.FromMs)} to {Date(signed.Contract.ToMs)}, {SupplyViews.Terms(signed.Contract.Price)}"
            + (signed.OvercommitMilli > 0 ? $", knowingly {Devices(signed.OvercommitMilli)} beyond the healthy stock" : ""), signed.Contract.Unit),
        ContractEnded ended => ("contract ended", ended.ContractId, $"from {Date(ended.AtMs)}: {ended.Why}", UnitOf(state, ended.ContractId)),
        ContractServiceChanged changed => ("contract service", changed.ContractId, $"{Devices(changed.HeldMilli)} of {Devices(changed.AskedMilli)} asked are held", UnitOf(state, changed.ContractId)),
        StockReceived received => ("stock received", received.Lot.ChipClass,
            $"{received.Lot.Id}: {received.Lot.Devices} {ChangeStock.Name(received.Lot.Arrives)}, {Date(received.Lot.ReceivedMs)}{Note(received.Lot.Note)}", null),
        StockMoved moved => ("stock moved", moved.ChipClass, $"{moved.Devices} from {ChangeStock.Name(moved.From)} to {ChangeStock.Name(moved.To)}{Note(moved.Note)}", null),
        RuleAdded added => ("rule added", added.Rule.Name, $"{(added.Rule.Allows ? "allows" : "refuses")}: {PolicyViews.Conditions(added.Rule)}", null),
        RuleRemoved removed => ("rule removed", removed.Name, "", null),
        AdmissionRefused refused => ("refused by rule", refused.Rule, $"{refused.What}: {refused.ChipClass} to {refused.Unit}{(refused.Alternative is { } other ? $", instead {other}" : "")}", refused.Unit),
        ScarcitySeen seen => ("scarcity", "", string.Join(' ', seen.Millionths.Select(price => string.Create(CultureInfo.InvariantCulture, $"{price.Key}={price.Value / 1e6:0.######}"))), null),
        _ => (fact.GetType().Name, "", "", null),
    };

    private static string? UnitOf(CloudState state, string contractId) => state.Contracts.Find(contractId)?.Unit;

    private static string Note(string note) => note.Length == 0 ? "" : $": {note}";

    private static string Devices(long milli) => (milli / 1000m).ToString("0.###", CultureInfo.InvariantCulture);

    private static string Date(long atMs) => DateTimeOffset.FromUnixTimeMilliseconds(atMs).ToString("u", CultureInfo.InvariantCulture);
}
