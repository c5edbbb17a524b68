using Amalgam.Core.Ledger.Budgets;
using Amalgam.Core.Ledger.Contracts;

namespace Amalgam.Core.Cloud;

/// <summary>The ledger's books beside prices and bills.</summary>
public sealed partial class CloudState
{
    public ContractBook Contracts { get; } = new();

    public BudgetBook Budgets => field ??= new BudgetBook(Units, Bill, Lease);
}
