export const registryAuth = async (reference: string): Promise<string | null> => null
