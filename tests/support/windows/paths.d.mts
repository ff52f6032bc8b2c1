export function toWindows(text: string): string;
export function fromWindows(text: string): string;
