using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Amalgam.Core.Ledger.Invoices;

/// <summary>
/// The canonical bytes of a document: compact UTF-8 JSON in the order of the record's members, null members left out. Their SHA-256 stands in the journal beside the document.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(Invoice))]
[JsonSerializable(typeof(CreditNote))]
public sealed partial class InvoiceJson : JsonSerializerContext
{
    public static byte[] Write(Invoice invoice) => JsonSerializer.SerializeToUtf8Bytes(invoice, Default.Invoice);

    public static byte[] Write(CreditNote note) => JsonSerializer.SerializeToUtf8Bytes(note, Default.CreditNote);

    /// <summary>Lower-case hexadecimal SHA-256.</summary>
    public static string Sha256(ReadOnlySpan<byte> document) => Convert.ToHexStringLower(SHA256.HashData(document));
}
