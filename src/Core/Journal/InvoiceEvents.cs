using System.Collections.Immutable;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Invoices;

namespace Amalgam.Core.Journal;

/// <summary>Recorded for the book of invoices.</summary>
public abstract record InvoiceEvent : JournalEvent;

/// <param name="Sha256">Of the canonical bytes of the document.</param>
/// <param name="Entries">The rounding difference, booked; empty when there is none.</param>
public sealed record InvoiceIssued(Invoice Invoice, string Sha256, ImmutableArray<Entry> Entries) : InvoiceEvent;

/// <param name="Entries">The reversal, booked.</param>
public sealed record CreditNoteIssued(CreditNote Note, string Sha256, ImmutableArray<Entry> Entries) : InvoiceEvent;
