using Amalgam.ControlPlane.State;
using Amalgam.Core.Access;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Admission;
using Amalgam.Gateway.Ports;

namespace Amalgam.Hosting;

/// <summary>The admission rules as the gateway asks them: a request is new use of the chip class that would answer it.</summary>
internal static class AdmissionGate
{
    /// <summary>Documented in docs/errors.md.</summary>
    public const string Code = "chip_class_refused";

    /// <summary>Null when the caller may ask this model.</summary>
    public static LedgerRefusal? Refuse(this AdmissionDoor door, Caller caller, ServedModel model)
    {
        if (door.Refused(caller, model.WorkloadId) is not { } answer)
        {
            return null;
        }

        _ = RecordAsync(door, caller, model, answer);
        return new LedgerRefusal(403, "permission_error", Code, $"{model.Model} runs on {answer.ChipClass} here: {answer.Text}.", null);
    }

    /// <summary>The answer does not wait for the record: nothing was used, and a journal that fails says so at the next change.</summary>
    private static async Task RecordAsync(AdmissionDoor door, Caller caller, ServedModel model, AdmissionAnswer answer)
    {
        try
        {
            await door.AuditAsync(new Actor($"key/{caller.KeyId}", caller.KeyId, null), answer, $"request to {model.Model}");
        }
        catch (ControlPlane.Ports.JournalException)
        {
            // The cloud turns unhealthy by this itself.
        }
    }
}
