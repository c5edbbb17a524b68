namespace Amalgam.Catalogue.Diagnosis;

/// <summary>A serving runtime as this machine has it.</summary>
/// <param name="Id">Runtime id.</param>
/// <param name="Name">Name for people.</param>
/// <param name="Path">The program; null when absent.</param>
/// <param name="Version">Null when absent or when it would not say.</param>
/// <param name="UsableOn">Classes present on this machine on which it works.</param>
/// <param name="Reason">Why it works on none or not on all of them; null when all is well.</param>
/// <param name="Action">What to do about it; null when nothing need be done.</param>
public sealed record RuntimeObservation(
    string Id, string Name, string? Path, string? Version, IReadOnlyList<string> UsableOn, string? Reason, string? Action)
{
    public bool Found => Path is not null;
    public bool Usable => UsableOn.Count > 0;
}
