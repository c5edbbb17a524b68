using Amalgam.Core.Journal;

namespace Amalgam.Core.Ledger.Contracts;

/// <summary>All contracts that were ever signed, in order of signing.</summary>
public sealed class ContractBook
{
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly List<Contract> _contracts = [];

    public IReadOnlyList<Contract> All => _contracts;

    /// <summary>Grows with every change; whoever computed something from the book asks whether it still holds.</summary>
    public int Revision { get; private set; }

    public int NextNumber => _contracts.Count + 1;

    public Contract? Find(string id) => _places.TryGetValue(id, out var at) ? _contracts[at] : null;

    /// <summary>Contracts of exactly this unit and class in force at an instant, oldest first.</summary>
    public IEnumerable<Contract> InForce(string unit, string chipClass, long atMs) =>
        _contracts.Where(contract => contract.Unit == unit && contract.ChipClass == chipClass && contract.InForce(atMs));

    public void Apply(JournalRecord record)
    {
        Revision++;
        switch (record.Event)
        {
            case ContractSigned signed:
                _places[signed.Contract.Id] = _contracts.Count;
                _contracts.Add(signed.Contract);
                break;
            case ContractEnded ended:
                var at = _places[ended.ContractId];
                _contracts[at] = _contracts[at] with { EndedMs = ended.AtMs };
                break;
        }
    }
}
