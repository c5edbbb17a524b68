using Amalgam.Core.Allocation;
using Amalgam.Core.Journal;

namespace Amalgam.Core.Ledger.Contracts;

/// <summary>All contracts that were ever signed, in order of signing, with what was asked and delivered under each.</summary>
public sealed class ContractBook
{
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly List<Contract> _contracts = [];
    private readonly List<ServiceRecord> _service = [];
    private readonly List<long> _overcommit = [];
    private readonly List<(long SignedMs, long ChangedMs)> _recorded = [];

    public IReadOnlyList<Contract> All => _contracts;

    /// <summary>Grows when a contract is signed or ends; whoever computed something from the book asks whether it still holds.</summary>
    public int Revision { get; private set; }

    public int NextNumber => _contracts.Count + 1;

    public Contract? Find(string id) => _places.TryGetValue(id, out var at) ? _contracts[at] : null;

    /// <summary>What was asked and delivered so far, as recorded.</summary>
    public ServiceRecord Service(string id) => _places.TryGetValue(id, out var at) ? _service[at] : ServiceRecord.Empty;

    /// <summary>By how much it was knowingly signed beyond the healthy stock.</summary>
    public long OvercommitMilli(string id) => _places.TryGetValue(id, out var at) ? _overcommit[at] : 0;

    /// <summary>When it was signed, and when it was last changed: ended before its time.</summary>
    public (long SignedMs, long ChangedMs) Recorded(string id) => _places.TryGetValue(id, out var at) ? _recorded[at] : default;

    /// <summary>Contracts of exactly this unit and class in force at an instant, oldest first.</summary>
    public IEnumerable<Contract> InForce(string unit, string chipClass, long atMs) =>
        _contracts.Where(contract => contract.Unit == unit && contract.ChipClass == chipClass && contract.InForce(atMs));

    /// <summary>Devices promised at an instant, by unit: its firm guarantee. A unit without a contract is not named.</summary>
    public IReadOnlyDictionary<string, ChipAmounts> Firm(long atMs) => _contracts.Where(contract => contract.InForce(atMs)).GroupBy(contract => contract.Unit, StringComparer.Ordinal)
        .ToDictionary(
            unit => unit.Key,
            unit => ChipAmounts.From(unit.GroupBy(contract => contract.ChipClass, StringComparer.Ordinal).Select(group => KeyValuePair.Create(group.Key, group.Sum(contract => contract.MilliDevices)))),
            StringComparer.Ordinal);

    /// <summary>The next instant after <paramref name="afterMs"/> at which a contract begins or ends; <see cref="long.MaxValue"/> if none does.</summary>
    public long NextChange(long afterMs) => _contracts.SelectMany(contract => (long[])[contract.FromMs, contract.EndMs]).Where(at => at > afterMs).DefaultIfEmpty(long.MaxValue).Min();

    public void Apply(JournalRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        Revision += record.Event is ContractServiceChanged ? 0 : 1;
        switch (record.Event)
        {
            case ContractSigned signed:
                _places[signed.Contract.Id] = _contracts.Count;
                _contracts.Add(signed.Contract);
                _overcommit.Add(signed.OvercommitMilli);
                _recorded.Add((record.AtMs, record.AtMs));
                _service.Add(ServiceRecord.Empty with { SinceMs = record.AtMs });
                break;
            case ContractEnded ended:
                var at = _places[ended.ContractId];
                _contracts[at] = _contracts[at] with { EndedMs = ended.AtMs };
                _recorded[at] = _recorded[at] with { ChangedMs = record.AtMs };
                break;
            case ContractServiceChanged changed:
                Change(_places[changed.ContractId], new(changed.AskedMilli, changed.HeldMilli), record.AtMs);
                break;
        }
    }

    /// <summary>While the cloud is down nothing is delivered of what was asked last.</summary>
    public void Stop(long atMs)
    {
        for (var at = 0; at < _contracts.Count; at++)
        {
            Change(at, _service[at].Rate with { HeldMilli = 0 }, atMs);
        }
    }

    private void Change(int at, ServiceRate rate, long atMs) => _service[at] = _service[at].Changed(_contracts[at], rate, atMs);
}
