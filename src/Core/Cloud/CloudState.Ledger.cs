using Amalgam.Core.Ledger.Admission;
using Amalgam.Core.Ledger.Budgets;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Ledger.Stock;
using Amalgam.Core.Ledger.Invoices;
using Amalgam.Core.Ledger.Sharing;
using Amalgam.Core.Ledger.Usage;
using Amalgam.Core.Units;

namespace Amalgam.Core.Cloud;

/// <summary>The ledger's books beside prices and bills.</summary>
public sealed partial class CloudState
{
    public ContractBook Contracts { get; } = new();

    public MoveBook Moves { get; } = new();

    public StockBook Stock { get; } = new();

    public PoolBook Pool { get; } = new();

    public UsageBook Usage { get; } = new();
    public AdmissionBook Admission { get; } = new();

    public UseBook Use { get; } = new();

    public InvoiceBook Invoices { get; } = new();

    public BudgetBook Budgets => field ??= new BudgetBook(Units, Bill, Lease);
}
