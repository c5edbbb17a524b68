namespace Amalgam.Catalogue.Estimates;

/// <summary>What an estimate of memory needs to know of a model.</summary>
/// <param name="WeightBytes">Bytes of all weights as they lie in the file.</param>
/// <param name="Layers">Layers that keep a KV cache.</param>
/// <param name="KvHeads">Key/value heads per layer.</param>
/// <param name="HeadWidth">Elements of one head.</param>
/// <param name="ContextLimitTokens">Longest context the model was made for; null when unknown.</param>
public sealed record ModelFacts(long WeightBytes, int Layers, int KvHeads, int HeadWidth, int? ContextLimitTokens = null)
{
    /// <summary>Elements of KV cache for one token: key and value, each layer, each head.</summary>
    public long KvElementsPerToken => 2L * Layers * KvHeads * HeadWidth;
}
