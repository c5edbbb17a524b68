using Amalgam.Core.Ledger.Admission;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Ledger.Stock;

namespace Amalgam.Core.Cloud;

/// <summary>The ledger's books beside prices and bills.</summary>
public sealed partial class CloudState
{
    public ContractBook Contracts { get; } = new();

    public StockBook Stock { get; } = new();

    public AdmissionBook Admission { get; } = new();

    public UseBook Use { get; } = new();
}
