using Amalgam.Catalogue.Checking;
using Amalgam.Catalogue.Detecting;

namespace Amalgam.Catalogue.Diagnosis;

/// <summary>What <c>amalgam doctor</c> shows.</summary>
/// <param name="Chips">What was seen, by class.</param>
/// <param name="Devices">Every device on its own.</param>
/// <param name="Findings">Chips that should be there and are not, tools that fail, and why.</param>
/// <param name="Runtimes">Every runtime of the catalogue, found or not.</param>
/// <param name="CatalogueProblems">Files of the user's catalogue folder that were left out.</param>
public sealed record DoctorReport(
    IReadOnlyList<ChipsSeen> Chips,
    IReadOnlyList<DeviceObservation> Devices,
    IReadOnlyList<DetectionFinding> Findings,
    IReadOnlyList<RuntimeObservation> Runtimes,
    IReadOnlyList<CatalogueProblem> CatalogueProblems)
{
    /// <summary>Nothing that a person should mend.</summary>
    public bool Healthy => Findings.Count == 0 && CatalogueProblems.Count == 0 && Runtimes.All(runtime => runtime.Action is null);
}

/// <summary>The devices of one class.</summary>
/// <param name="Class">Class id.</param>
/// <param name="Name">Name for people.</param>
/// <param name="Vendor">Vendor id.</param>
/// <param name="Devices">How many.</param>
/// <param name="MemoryMiBPerDevice">Of the smallest.</param>
/// <param name="DriverVersion">Null when the tool does not tell.</param>
/// <param name="VectorSets">Vector instruction sets in use; processors only.</param>
public sealed record ChipsSeen(
    string Class, string Name, string Vendor, int Devices, int MemoryMiBPerDevice, string? DriverVersion, string? VectorSets);
