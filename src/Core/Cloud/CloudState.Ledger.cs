using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Ledger.Invoices;
using Amalgam.Core.Units;

namespace Amalgam.Core.Cloud;

/// <summary>The ledger's books beside prices and bills.</summary>
public sealed partial class CloudState
{
    public ContractBook Contracts { get; } = new();

    public MoveBook Moves { get; } = new();

    public InvoiceBook Invoices { get; } = new();
}
