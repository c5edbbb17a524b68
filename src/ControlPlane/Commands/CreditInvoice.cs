using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Invoices;

namespace Amalgam.ControlPlane.Commands;

/// <summary>`invoice credit`: a reversal as a document of its own.</summary>
public static class CreditInvoice
{
    public static Decision<int> Decide(CloudState state, Caller caller, int number, CreditRequest request, long nowMs)
    {
        if (IssueInvoice.Allowed(state, caller) is { } forbidden)
        {
            return forbidden;
        }

        if (state.Invoices.Find(number) is not { } issued)
        {
            return NoInvoice(state, number);
        }

        if (string.IsNullOrWhiteSpace(request.Why) || request.Why.Length > 200 || request.Why.Any(char.IsControl))
        {
            return new Refusal(RefusalCodes.Invalid, "say why in one line of at most 200 letters: it stands on the credit note");
        }

        if (request.Amount is { } text && Nano.Parse(text) is null)
        {
            return new Refusal(RefusalCodes.Invalid, $"'{Names.Clip(text)}' is no amount: digits and a point, for instance 12.50");
        }

        var composed = Crediting.Compose(state, issued.Invoice, request.Line, request.Amount is null ? null : Nano.Parse(request.Amount), request.Why, nowMs);
        return composed.Refusal is { } refusal
            ? refusal
            : State.Decide.Yes(composed.Value!.Number, new CreditNoteIssued(composed.Value, InvoiceJson.Sha256(InvoiceJson.Write(composed.Value)), Crediting.Entries(composed.Value)));
    }

    public static Refusal NoInvoice(CloudState state, int number) => state.Invoices.FindNote(number) is { } note
        ? new Refusal(RefusalCodes.Invalid, $"{number} is a credit note for invoice {note.Note.InvoiceNumber}: name the invoice")
        : new Refusal(RefusalCodes.NotFound, $"there is no invoice {number}: `amalgam invoice list` shows those that there are");
}
