using System.Text.Json;
using System.Text.Json.Serialization;
using Amalgam.Catalogue.Checking;
using Amalgam.Catalogue.Detecting;
using Amalgam.Catalogue.Diagnosis;
using Amalgam.Catalogue.Entries;
using Amalgam.Catalogue.Estimates;

namespace Amalgam.Catalogue;

/// <summary>JSON of everything here that people and scripts see. Names are camel case and end in the unit.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    WriteIndented = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(DetectionReport))]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(IReadOnlyList<ChipClass>))]
[JsonSerializable(typeof(IReadOnlyList<RuntimeEntry>))]
[JsonSerializable(typeof(IReadOnlyList<CatalogueProblem>))]
[JsonSerializable(typeof(MemoryEstimate))]
[JsonSerializable(typeof(MemoryCorrection))]
public sealed partial class CatalogueJson : JsonSerializerContext;
